from datetime import timedelta

from django.apps import AppConfig


class SessionsConfig(AppConfig):
    name = "sessions"
    label = "pharmacy_sessions"  # "sessions" is taken by django.contrib.sessions
    verbose_name = "ID-SESSIONE"

    def ready(self) -> None:
        from pharmacies.certification import former_addresses
        from portal.journal import verbs
        from portal.outbox.hooks import forbidding, holding
        from portal.time import said_lengths
        from sessions import journal_verbs, system_checks  # noqa: F401  the system checks are registered
        from sessions.gate import system_checks as assertion_checks  # noqa: F401
        from sessions.hours.before_opening import SPREAD
        from sessions.ids.before_opening import USED_WITHIN
        from sessions.ids.withdrawing import forbidden, say_elsewhere
        from sessions.letters.closing_holds import without_closed
        from sessions.models import Context
        from sessions.models.bulk import SHEETS_KEPT_FOR
        from sessions.models.reminder import DEFAULT_MINUTES
        from sessions.preferences.calendar_file import ALARM_BEFORE
        from sessions.preferences.webhook_life import OLD_SECRET_FOR
        from sessions.retention import CALLS_KEPT_FOR
        from sessions.staff import journal_verbs as staff_words
        from sessions.utenze import journal_verbs as utenze_words
        from sessions.webhooks.events import EXPIRING_BEFORE
        from sessions.webhooks.post import SECONDS

        said_lengths.register(
            {
                "calendar-alarm": ALARM_BEFORE,
                "calls-kept": CALLS_KEPT_FOR,
                "default-reminder": timedelta(minutes=DEFAULT_MINUTES[0]),
                "id-lasts": lambda: Context.objects.usual().usable_for,
                "old-secret": OLD_SECRET_FOR,
                "opening-spread": SPREAD,
                "sheets-kept": SHEETS_KEPT_FOR,
                "used-within": USED_WITHIN,
                "webhook-answers": timedelta(seconds=SECONDS),
                "webhook-before": timedelta(minutes=EXPIRING_BEFORE),
            }
        )
        verbs.register(journal_verbs.WORDS)
        verbs.register(staff_words.WORDS)
        verbs.register(utenze_words.WORDS)
        former_addresses.register(say_elsewhere)
        holding.register(without_closed)
        forbidding.register(forbidden)
