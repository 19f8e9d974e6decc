from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "portal.identity"
    label = "identity"

    def ready(self) -> None:
        from portal.identity import system_checks  # noqa: F401  registers them
        from portal.identity.journal_verbs import WORDS
        from portal.journal import verbs

        verbs.register(WORDS)
