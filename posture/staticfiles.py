"""Static files by hashed names, the imports inside ES modules included."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # WhiteNoise carries no types
    support_js_module_import_aggregation = True
