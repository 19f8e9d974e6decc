from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "portal.outbox"
    label = "outbox"

    def ready(self) -> None:
        from portal.outbox import system_checks  # noqa: F401  the system checks are registered
        from portal.outbox.models.unread import UNREAD_KEPT_FOR
        from portal.time import said_lengths

        said_lengths.register({"unread-kept": UNREAD_KEPT_FOR})
