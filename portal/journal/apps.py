from django.apps import AppConfig


class JournalConfig(AppConfig):
    name = "portal.journal"
    label = "journal"

    def ready(self) -> None:
        from portal.journal.retention import ACTS_KEPT_FOR, DAILY_KEPT_FOR
        from portal.time import said_lengths

        said_lengths.register({"acts-kept": ACTS_KEPT_FOR, "daily-kept": DAILY_KEPT_FOR})
