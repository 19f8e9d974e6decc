from django.apps import AppConfig


class PharmaciesConfig(AppConfig):
    name = "pharmacies"
    verbose_name = "Farmacie"

    def ready(self) -> None:
        from pharmacies import system_checks  # noqa: F401  registers them
        from pharmacies.certification import reachability
        from pharmacies.certification.withdrawing import forbidden
        from pharmacies.copies import mailboxes
        from pharmacies.journal_verbs import WORDS
        from pharmacies.known_places import known_places
        from pharmacies.models.certification_queryset import PENDING_FOR
        from pharmacies.models.code_attempts import ATTEMPTS, ATTEMPTS_FORGIVEN_AFTER
        from pharmacies.models.codice_validazione import (
            BETWEEN_SENDS,
            CODE_USABLE_FOR,
            SENDS_A_DAY_PER_ADDRESS,
            SENDS_AN_HOUR_PER_PHARMACY,
        )
        from pharmacies.people import login_letters
        from portal.identity import known_places as territories
        from portal.identity.people import login_news
        from portal.journal import verbs
        from portal.outbox.hooks import forbidding, mailbox_news
        from portal.time import said_lengths

        said_lengths.register(
            {
                "attempts": ATTEMPTS,
                "attempts-forgiven": ATTEMPTS_FORGIVEN_AFTER,
                "between-codes": BETWEEN_SENDS,
                "code-lasts": CODE_USABLE_FOR,
                "codes-a-day": SENDS_A_DAY_PER_ADDRESS,
                "codes-an-hour": SENDS_AN_HOUR_PER_PHARMACY,
                "request-lasts": PENDING_FOR,
            }
        )
        verbs.register(WORDS)
        territories.register(known_places)
        login_news.register(login_letters.new_browser)
        mailbox_news.register(reachability.mailbox_refused)
        mailbox_news.register_taken_back(reachability.refusal_taken_back)
        mailbox_news.register_arrived(reachability.mailbox_reached)
        forbidding.register(forbidden)
        mailbox_news.register(mailboxes.mailbox_refused)
        mailbox_news.register_taken_back(mailboxes.refusal_taken_back)
        forbidding.register(mailboxes.forbidden)
