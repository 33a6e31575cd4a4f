"""Static files by hashed names, the imports inside ES modules included."""

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFiles(ManifestStaticFilesStorage):
    """For a local machine: compressing takes longer than it saves."""

    support_js_module_import_aggregation = True


class CompressedStaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # no types
    support_js_module_import_aggregation = True
