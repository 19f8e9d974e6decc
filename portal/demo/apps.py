from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "portal.demo"
    label = "demo"
    verbose_name = "Ambiente di prova"

    def ready(self) -> None:
        from portal.demo.journal_verbs import WORDS
        from portal.journal import verbs

        verbs.register(WORDS)
