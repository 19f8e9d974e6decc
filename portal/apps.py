from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        from portal import celery, checks, squashed  # noqa: F401  the tasks learn their broker; the checks are registered
