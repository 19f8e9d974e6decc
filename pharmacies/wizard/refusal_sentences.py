"""The sentences of the wizard's refusals; a refusal that ends gives the time of its end."""

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy

from pharmacies.models import MailCertification
from pharmacies.models.certification_refused import NotYet, TooManySends, TooManySendsToday, TooSoon
from pharmacies.models.codice_validazione import SENDS_A_DAY_PER_ADDRESS, SENDS_AN_HOUR_PER_PHARMACY
from portal.time.clock import ROME, italian_time, relative_moment

INTERRUPTED = "Quello che avevi scritto non è stato inviato: controlla e premi di nuovo il pulsante."
ALREADY_CERTIFIED = gettext_lazy("È già l’indirizzo certificato della %(noun)s: scrivine un altro")
NOTHING_TO_CERTIFY = gettext_lazy("L’indirizzo della %(noun)s è già certificato: qui puoi modificarlo o revocarlo.")
OTHER_REQUEST = "Nel frattempo l’indirizzo è cambiato: il codice da scrivere è quello inviato all’indirizzo qui sotto."


def at_time(at: datetime, now: datetime) -> str:
    """Formats an instant: `alle 10:43:20` within two minutes, `alle 10:54` today, `domani alle 08:10`."""
    if at - now < timedelta(minutes=2):
        return f"alle {at.astimezone(ROME):%H:%M:%S}"
    day, hour = relative_moment(at, now).rsplit(" ", 1)
    return f"alle {hour}" if day == "oggi" else f"{day} alle {hour}"


def not_yet(refusal: NotYet, now: datetime) -> str:
    """Returns the sentence for an act that must wait."""
    when = at_time(refusal.until, now)
    if isinstance(refusal, TooSoon):
        return f"Un codice è appena partito. Se non arriva, potrai chiederne un altro {when}."
    if isinstance(refusal, TooManySends):
        return f"Sono già partiti i {codes_allowed(type(refusal))}: potrai chiederne un altro {when}."
    return f"Troppi codici errati: potrai riprovare {when}."


def codes_allowed(refusal: type[NotYet] | None) -> str:
    """Returns the limit of this refusal in words: `4 codici consentiti in un’ora`, or the daily limit."""
    if refusal is not None and issubclass(refusal, TooManySendsToday):
        return f"{SENDS_A_DAY_PER_ADDRESS} codici consentiti in un giorno per questo indirizzo"
    return f"{SENDS_AN_HOUR_PER_PHARMACY} codici consentiti in un’ora"


def wrong_code(certification: MailCertification, typed: str, now: datetime) -> str:
    """Returns why the code was not accepted, and how many attempts are left."""
    if certification.has_expired(typed, now):
        newest = certification.codes.usable(now).first()
        sent = f", inviato alle {italian_time(newest.sent_at)}" if newest is not None else ""
        return f"Questo codice è scaduto: usa quello più recente{sent}"
    left = certification.attempts_left(now)
    remaining = "Resta 1 tentativo" if left == 1 else f"Restano {left} tentativi"
    return f"Il codice non corrisponde a quelli inviati. {remaining}."
