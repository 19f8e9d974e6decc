from django.apps import AppConfig


class SessionsConfig(AppConfig):
    name = "sessions"
    label = "pharmacy_sessions"  # "sessions" is taken by django.contrib.sessions
    verbose_name = "ID-SESSIONE"

    def ready(self) -> None:
        from pharmacies import former_addresses
        from portal.journal import words
        from portal.outbox import holding, refusals, rules
        from sessions import checks, copies, journal_words  # noqa: F401  the system checks are registered
        from sessions.closing_holds import without_closed
        from sessions.staff import journal_words as staff_words
        from sessions.utenze import journal_words as utenze_words
        from sessions.withdrawing import forbidden, say_elsewhere

        words.register(journal_words.WORDS)
        words.register(staff_words.WORDS)
        words.register(utenze_words.WORDS)
        former_addresses.register(say_elsewhere)
        refusals.register(copies.mailbox_refused)
        holding.register(without_closed)
        rules.register(forbidden)
