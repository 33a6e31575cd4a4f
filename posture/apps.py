from django.apps import AppConfig


class PostureConfig(AppConfig):
    name = "posture"
    verbose_name = "Posture"

    def ready(self) -> None:
        from posture import checks, checks_deploy  # noqa: F401  # importing registers them
