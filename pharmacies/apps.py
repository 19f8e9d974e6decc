from django.apps import AppConfig


class PharmaciesConfig(AppConfig):
    name = "pharmacies"
    verbose_name = "Farmacie"

    def ready(self) -> None:
        from pharmacies import reachability
        from pharmacies.journal_words import WORDS
        from pharmacies.withdrawing import forbidden
        from portal.journal import words
        from portal.outbox import refusals, rules

        words.register(WORDS)
        refusals.register(reachability.mailbox_refused)
        refusals.register_taken_back(reachability.refusal_taken_back)
        refusals.register_arrived(reachability.mailbox_reached)
        rules.register(forbidden)
