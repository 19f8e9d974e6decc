from django.apps import AppConfig


class PharmaciesConfig(AppConfig):
    name = "pharmacies"
    verbose_name = "Farmacie"

    def ready(self) -> None:
        from pharmacies.journal_words import WORDS
        from portal.journal import words

        words.register(WORDS)
