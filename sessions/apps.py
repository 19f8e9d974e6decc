from django.apps import AppConfig


class SessionsConfig(AppConfig):
    name = "sessions"
    label = "pharmacy_sessions"  # "sessions" is taken by django.contrib.sessions
    verbose_name = "ID-SESSIONE"

    def ready(self) -> None:
        from pharmacies.certification import former_addresses
        from portal.journal import verbs
        from portal.outbox.hooks import forbidding, holding
        from sessions import journal_verbs, system_checks  # noqa: F401  the system checks are registered
        from sessions.ids.withdrawing import forbidden, say_elsewhere
        from sessions.letters.closing_holds import without_closed
        from sessions.staff import journal_verbs as staff_words
        from sessions.utenze import journal_verbs as utenze_words

        verbs.register(journal_verbs.WORDS)
        verbs.register(staff_words.WORDS)
        verbs.register(utenze_words.WORDS)
        former_addresses.register(say_elsewhere)
        holding.register(without_closed)
        forbidding.register(forbidden)
