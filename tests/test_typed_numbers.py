"""A number typed into a sentence grows untrue when the setting, the constant or the row that holds it changes.

Each number that stands in a template today is listed here beside its holder, and must be equal to it. A new sentence had better
write `{{ minutes }}`: a number that is not in this list fails. The list is to become shorter.
"""

import math
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from pharmacies.models.certification_queryset import PENDING_FOR
from pharmacies.models.code_attempts import ATTEMPTS
from pharmacies.models.codice_validazione import BETWEEN_SENDS, CODE_USABLE_FOR, SENDS_AN_HOUR_PER_PHARMACY
from portal.demo.clock.coming import STEPS
from portal.demo.identity.answers import GOOD_FOR
from portal.identity.models import PasswordFailure
from portal.identity.models.login import ANSWERS_ARE_KEPT_FOR, TICKETS_ARE_GOOD_FOR
from portal.identity.staff.login import GIVEN_PASSWORD_LASTS
from portal.information import LATE_AFTER
from portal.journal.retention import ACTS_KEPT_FOR, DAILY_KEPT_FOR
from portal.outbox.models.unread import UNREAD_KEPT_FOR
from sessions.models import Context
from sessions.models.bulk import SHEETS_KEPT_FOR
from sessions.models.reminder import DEFAULT_MINUTES
from sessions.retention import CALLS_KEPT_FOR
from sessions.webhooks.events import EXPIRING_BEFORE
from sessions.webhooks.post import SECONDS

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
ID_LASTS = timedelta(hours=Context._meta.get_field("hours").default)
A_DAY = timedelta(days=1)
REFRESH = re.compile(r'data-refresh="(\d+)"')
ESTIMATE = LAW = None  # nothing of ours holds it: how long something takes, what a law says, an ordinary word

# template: phrase → what holds the number
TYPED = {
    "demo/clock.html": {
        "1 ora": STEPS["1h"],
        "1 giorno": STEPS["1d"],
    },
    "demo/identity/answer.html": {"5 minuti": GOOD_FOR},
    "demo/identity/bad_request.html": {"10 minuti": settings.LOGIN_PENDING_FOR},
    "errors/500.html": {"un minuto": ESTIMATE},
    "identity/card.html": {"un minuto": TICKETS_ARE_GOOD_FOR},
    "identity/choose.html": {
        "10 minuti": settings.FRESH_AUTHENTICATION_FOR, "5 minuti": ESTIMATE, "un minuto": ESTIMATE, "16 ore": ID_LASTS,
    },
    "identity/login_search.html": {"24 mesi": ANSWERS_ARE_KEPT_FOR},
    "identity/operator_new.html": {"tre giorni": GIVEN_PASSWORD_LASTS},
    "identity/operator_password.html": {"tre giorni": GIVEN_PASSWORD_LASTS},
    "identity/staff_own.html": {"30 minuti": settings.SESSION_IDLE_FOR, "8 ore": settings.SESSION_LASTS_FOR},
    "pages/assistenza.html": {"due minuti": ESTIMATE},
    "pages/cookie.html": {
        "8 ore": settings.SESSION_LASTS_FOR, "30 minuti": settings.SESSION_IDLE_FOR,
        "1 anno": ESTIMATE,  # Django's CSRF_COOKIE_AGE: 52 weeks
        "10 minuti": settings.LOGIN_PENDING_FOR,
    },
    "pages/guida-certificare.html": {
        "un giorno": PENDING_FOR, "15 minuti": CODE_USABLE_FOR, "10 minuti": settings.FRESH_AUTHENTICATION_FOR,
    },
    "pages/guida-codice.html": {
        "15 minuti": CODE_USABLE_FOR, "60 secondi": BETWEEN_SENDS, "4 volte": SENDS_AN_HOUR_PER_PHARMACY, "un giorno": A_DAY,
        "5 tentativi": ATTEMPTS,
    },
    "pages/guida-id-sessione.html": {"16 ore": ID_LASTS, "60 minuti": timedelta(minutes=DEFAULT_MINUTES[0])},
    "pages/privacy.html": {"24 mesi": DAILY_KEPT_FOR, "90 giorni": CALLS_KEPT_FOR, "10 anni": ACTS_KEPT_FOR},
    "pages/segnala.html": {"30 giorni": LAW},
    "pages/stato-servizio.html": {"5 minuti": LATE_AFTER},
    "pharmacies/security.html": {"un secondo": ESTIMATE},
    "pharmacies/wizard/code.html": {"1 tentativo": ESTIMATE},
    "pharmacies/wizard/done.html": {"16 ore": ID_LASTS},
    "sessions/certificate.html": {"15 minuti": PasswordFailure.WINDOW},
    "sessions/hours.html": {"24 ore": A_DAY, "un giorno": A_DAY},
    "staff/chart.html": {"16 ore": ID_LASTS},
    "staff/job.html": {"5 secondi": REFRESH},
    "staff/job_progress.html": {"un giorno": SHEETS_KEPT_FOR},
    "staff/long_sheet.html": {"un giorno": SHEETS_KEPT_FOR},
    "staff/status.html": {"30 secondi": REFRESH},
    "staff/status_now.html": {"16 ore": ID_LASTS, "2 ore": ESTIMATE},
    "staff/unread_reports.html": {"30 giorni": UNREAD_KEPT_FOR},
    "webhooks/panel.html": {"10 secondi": timedelta(seconds=SECONDS), "60 minuti": timedelta(minutes=EXPIRING_BEFORE)},
}  # fmt: skip

WORDS = {
    "un": 1,
    "una": 1,
    "due": 2,
    "tre": 3,
    "quattro": 4,
    "cinque": 5,
    "sei": 6,
    "otto": 8,
    "dieci": 10,
    "trenta": 30,
}
OF_TIME = "second[oi]|minut[oi]|or[ae]|giorn[oi]|mes[ei]|ann[oi]"
PHRASE = re.compile(
    rf"(?<![\w:,.])(?:(?:\d+|{'|'.join(WORDS)})\s+(?:{OF_TIME})|\d+\s+(?:tentativ[oi]|volte))\b", re.IGNORECASE
)
DAYS = {"mes": 365.25 / 12, "ann": 365.25}
SECONDS_OF = {"sec": 1, "min": 60, "or": 3600, "gio": 86400}


def phrases(source: str) -> set[str]:
    """`16 ore`, `tre giorni`, `5 tentativi`: what is typed, not what a variable brings."""
    shown = re.sub(r"{#.*?#}|<[^>]*>", " ", source, flags=re.DOTALL)
    return {" ".join(found.group().split()).lower() for found in PHRASE.finditer(shown)}


def amount(phrase: str) -> timedelta | int:
    """24 months and 10 years are rounded up to whole days, as the constants are."""
    number, unit = phrase.split()
    times = WORDS.get(number) or int(number)
    for start, days in DAYS.items():
        if unit.startswith(start):
            return timedelta(days=math.ceil(times * days))
    seconds = next((seconds for start, seconds in SECONDS_OF.items() if unit.startswith(start)), None)
    return times if seconds is None else timedelta(seconds=times * seconds)


def test_no_other_number_is_typed_into_a_template():
    found = {
        str(path.relative_to(TEMPLATES)): phrases(path.read_text(encoding="utf-8"))
        for path in TEMPLATES.rglob("*")
        if path.is_file()
    }
    assert {name: typed for name, typed in found.items() if typed} == {
        name: set(typed) for name, typed in TYPED.items()
    }


@pytest.mark.parametrize(
    ("name", "phrase", "holder"),
    [(name, phrase, holder) for name, typed in TYPED.items() for phrase, holder in typed.items() if holder is not None],
)
def test_a_typed_number_is_the_one_that_holds(name, phrase, holder):
    if isinstance(holder, re.Pattern):
        holder = timedelta(seconds=int(holder.search((TEMPLATES / name).read_text(encoding="utf-8"))[1]))
    assert amount(phrase) == holder


def test_what_counts_as_typed():
    assert phrases("Vale 16\n ore, <b>tre</b> giorni; {{ minutes }} minuti, una volta, 15:30 ore") == {
        "16 ore",
        "tre giorni",
    }
    assert (amount("24 mesi"), amount("10 anni"), amount("5 tentativi")) == (
        timedelta(days=731),
        timedelta(days=3653),
        5,
    )
