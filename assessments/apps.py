from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register

from assessments.catalog import loading


class AssessmentsConfig(AppConfig):
    name = "assessments"
    verbose_name = "Assessments"

    def ready(self) -> None:
        register(check_catalog)


def check_catalog(**_: object) -> list[CheckMessage]:
    """Every version that ships is valid and offers at least one complete tier."""
    messages: list[CheckMessage] = []
    for version in loading.versions():
        try:
            catalog = loading.load(version)
        except loading.CatalogError as error:
            messages.append(Error(str(error), id="assessments.E001"))
        else:
            if not catalog.complete_tiers:
                messages.append(
                    Error(f"Catalog {version} has no complete tier.", id="assessments.E002")
                )
    return messages
