"""«Registro nazionale»: how old each register is, and what the last night did, in words for the staff."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_safe

from pharmacies.files.completeness import FLAWS
from pharmacies.models import RegisterSource
from pharmacies.models.register_source import NightOutcome
from pharmacies.register.nightly.age import RegisterAge, ages
from portal.identity.access import staff_required
from portal.time.clock import now_of, relative_moment


@dataclass(frozen=True)
class RegisterLine:
    """One register on the page. `kind`: the colour of its pill."""

    age: RegisterAge
    kind: str
    state: str
    how_old: str
    night: str


@staff_required
@require_safe
def register_nights(request: HttpRequest) -> HttpResponse:
    """Every register that is configured or was imported once; read-only."""
    now = now_of(request)
    return render(request, "staff/register_nights.html", {"lines": [line_of(age, now) for age in ages(now)]})


def line_of(age: RegisterAge, now: datetime) -> RegisterLine:
    kind, state = "ok", gettext("Aggiornato")
    if age.is_stale:
        kind, state = "bad", gettext("Fermo")
    elif age.fails:
        kind, state = "warn", gettext("Da riprovare")
    return RegisterLine(age, kind, state, how_old(age), night_words(age, now))


def how_old(age: RegisterAge) -> str:
    """`di oggi`, `di 4 giorni fa`; "" when no whole file was imported."""
    if age.days is None:
        return ""
    if age.days <= 0:
        return gettext("di oggi")
    return ngettext("di ieri", "di %(days)s giorni fa", age.days) % {"days": age.days}


def night_words(age: RegisterAge, now: datetime) -> str:
    """The last search in words, and since when it fails."""
    night = age.night
    if not age.is_configured:
        return gettext("Il portale non lo cerca da solo: lo legge chi gestisce il sistema.")
    if night is None or night.checked_at is None:
        return gettext("Non ancora cercato: il portale lo cerca da solo, di notte.")
    words = f"{_capital(relative_moment(night.checked_at, now))}: {outcome_words(night)}"
    if night.failing_since is not None and night.failing_since < night.checked_at:
        words += " " + gettext("Non riesce da: %(since)s.") % {"since": relative_moment(night.failing_since, now)}
    return words


def outcome_words(night: RegisterSource) -> str:
    """The result of the last try: one or two sentences."""
    if night.outcome == NightOutcome.NOT_WHOLE:
        why = FLAWS[night.flaw][1] if night.flaw in FLAWS else gettext("non è intero")
        return gettext("il file non è intero: %(why)s. Nessuna farmacia è stata chiusa.") % {"why": why}
    if night.outcome == NightOutcome.REFUSED and night.status == 403:
        return gettext(
            "il sito rifiuta il portale (risposta 403). Chi gestisce il sistema può cambiare REGISTER_USER_AGENT."
        )
    if night.outcome == NightOutcome.REFUSED:
        return gettext("il sito non dà il file (risposta %(status)s).") % {"status": night.status}
    return {
        NightOutcome.IMPORTED: gettext("letto un file nuovo, %(file)s."),
        NightOutcome.UNCHANGED: gettext("nessun file nuovo, il sito ha ancora %(file)s."),
        NightOutcome.OLDER: gettext("il sito ha solo file più vecchi di quello già letto."),
        NightOutcome.BUSY: gettext("era in corso un’altra lettura: si riprova."),
        NightOutcome.NOT_REACHED: gettext("il sito non risponde, o il file non arriva."),
        NightOutcome.NO_FILE: gettext("la pagina del sito non nomina nessun file da leggere."),
        NightOutcome.NOT_READ: gettext("il sito ha mandato un file che non è il registro."),
        NightOutcome.FAILED: gettext("il portale ha avuto un guasto: lo dicono i suoi log."),
    }.get(NightOutcome(night.outcome), "") % {"file": night.file}


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
