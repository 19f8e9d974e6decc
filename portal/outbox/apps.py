from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "portal.outbox"
    label = "outbox"

    def ready(self) -> None:
        from portal.outbox import system_checks  # noqa: F401  the system checks are registered
