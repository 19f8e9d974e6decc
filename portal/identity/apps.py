from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "portal.identity"
    label = "identity"

    def ready(self) -> None:
        from portal.identity import system_checks  # noqa: F401  registers them
        from portal.identity.journal_verbs import WORDS
        from portal.identity.models import PasswordFailure, login
        from portal.identity.people import devices
        from portal.identity.staff.login import GIVEN_PASSWORD_LASTS
        from portal.journal import verbs
        from portal.time import said_lengths

        verbs.register(WORDS)
        said_lengths.register(
            {
                "device-known": devices.KEPT_FOR,
                "given-password": GIVEN_PASSWORD_LASTS,
                "guesses-window": PasswordFailure.WINDOW,
                "logins-kept": login.ANSWERS_ARE_KEPT_FOR,
                "tickets": login.TICKETS_ARE_GOOD_FOR,
            }
        )
