from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        from portal import celery, system_checks  # noqa: F401  the tasks learn their broker; the checks are registered
        from portal.database import squashed  # noqa: F401  the tasks learn their broker; the checks are registered
