from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "portal.identity"
    label = "identity"

    def ready(self) -> None:
        from portal.identity import checks  # noqa: F401  registers them
        from portal.identity.journal_words import WORDS
        from portal.journal import words

        words.register(WORDS)
