from django.apps import AppConfig


class PharmaciesConfig(AppConfig):
    name = "pharmacies"
    verbose_name = "Farmacie"

    def ready(self) -> None:
        from pharmacies.closing_holds import without_closed
        from pharmacies.journal_words import WORDS
        from pharmacies.reachability import mailbox_refused
        from pharmacies.withdrawing import forbidden
        from portal.journal import words
        from portal.outbox import holding, refusals, rules

        words.register(WORDS)
        refusals.register(mailbox_refused)
        holding.register(without_closed)
        rules.register(forbidden)
