"""The exceptions of the certification. Each Italian docstring is the sentence for the page."""

from datetime import datetime


class NotYet(Exception):
    """The act is allowed only later: `until` (UTC) says when, rounded up, so that the shown time is never too early."""

    def __init__(self, until: datetime) -> None:
        super().__init__(str(self.__doc__))
        self.until = until


class TooSoon(NotYet):
    """Un codice è appena partito per questo indirizzo."""


class TooManySends(NotYet):
    """Sono già stati chiesti tutti i codici consentiti."""


class TooManySendsToday(TooManySends):
    """Sono già stati chiesti tutti i codici consentiti in un giorno per questo indirizzo."""


class NamedTooOften(NotYet):
    """La casella delle copie è già cambiata troppe volte."""


class TooManyAttempts(NotYet):
    """Sono stati scritti troppi codici errati per questo indirizzo."""


class NothingToConfirm(Exception):
    """Nessun indirizzo aspetta un codice: la richiesta è stata annullata o è scaduta."""


class AlreadyCertified(Exception):
    """Questo è già l’indirizzo certificato della farmacia."""
