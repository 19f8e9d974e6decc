"""A number typed into a sentence grows untrue when the setting, the constant or the row that holds it changes.

Each number that stands in a template today is listed here beside its holder, and must be equal to it. A new sentence had better
write `{% said "NAME" %}` (portal/time/said_lengths.py) or `{{ minutes }}`: a number that is not in this list fails.
"""

import ast
import math
import re
from datetime import timedelta
from pathlib import Path

import pytest

from portal.demo.clock.coming import STEPS
from portal.demo.identity.answers import GOOD_FOR
from portal.identity.models.login import TICKETS_ARE_GOOD_FOR
from portal.time import said_lengths
from sessions.models import Context

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
    "developers/page.html": {"dieci minuti": ESTIMATE, "cinque minuti": ESTIMATE},
    "errors/500.html": {"un minuto": ESTIMATE},
    "identity/card.html": {"un minuto": TICKETS_ARE_GOOD_FOR},
    "identity/choose.html": {"5 minuti": ESTIMATE, "un minuto": ESTIMATE},
    "pages/assistenza.html": {"due minuti": ESTIMATE},
    "pages/cookie.html": {"1 anno": ESTIMATE},  # Django's CSRF_COOKIE_AGE: 52 weeks
    "pages/guida-codice.html": {"un giorno": A_DAY},
    "pages/segnala.html": {"30 giorni": LAW},
    "pharmacies/security.html": {"un secondo": ESTIMATE},
    "pharmacies/wizard/code.html": {"1 tentativo": ESTIMATE},
    "semaforo/too_many.html": {"un secondo": ESTIMATE},
    "sessions/hours.html": {"24 ore": A_DAY, "un giorno": A_DAY},
    "staff/job.html": {"5 secondi": REFRESH},
    "staff/status.html": {"30 secondi": REFRESH},
    "staff/status_now.html": {"2 ore": ESTIMATE},
}

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
    unlisted = {name: typed - set(TYPED.get(name, {})) for name, typed in found.items()}
    assert {name: typed for name, typed in unlisted.items() if typed} == {}


@pytest.mark.parametrize(
    ("name", "phrase", "holder"),
    [(name, phrase, holder) for name, typed in TYPED.items() for phrase, holder in typed.items() if holder is not None],
)
def test_a_typed_number_is_the_one_that_holds(name, phrase, holder):
    if isinstance(holder, re.Pattern):
        holder = timedelta(seconds=int(holder.search((TEMPLATES / name).read_text(encoding="utf-8"))[1]))
    assert amount(phrase) == holder


SAID = re.compile(r'{% said "([^"]+)"')


def names_said() -> set[str]:
    sources = [path.read_text(encoding="utf-8") for path in TEMPLATES.rglob("*") if path.is_file()]
    return {name for source in sources for name in SAID.findall(source)}


def test_each_number_that_a_template_says_has_a_holder(db):
    assert len(names_said()) > 15
    for name in names_said():
        assert re.match(r"\d|un", said_lengths.said(name)), name
    with pytest.raises(KeyError):
        said_lengths.said("NOBODY_HOLDS_THIS")


def test_a_guide_says_the_number_that_its_row_holds(client, db):
    Context.objects.filter(pk=Context.objects.usual().pk).update(hours=9)
    assert "9 ore dalla richiesta" in client.get("/informazioni/guida-id-sessione/").content.decode()


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=1), "1 secondo"),
        (timedelta(seconds=60), "60 secondi"),
        (timedelta(seconds=90), "90 secondi"),
        (timedelta(minutes=15), "15 minuti"),
        (timedelta(minutes=60), "un’ora"),
        (timedelta(hours=16), "16 ore"),
        (timedelta(hours=48), "48 ore"),
        (timedelta(days=3), "3 giorni"),
        (A_DAY, "un giorno"),
        (timedelta(days=90), "90 giorni"),
        (timedelta(days=365), "12 mesi"),
        (timedelta(days=730), "24 mesi"),
        (timedelta(days=731), "24 mesi"),
        (timedelta(days=3653), "10 anni"),
        (timedelta(days=740), "740 giorni"),
    ],
)
def test_a_length_is_said_in_its_largest_unit(length, words):
    assert said_lengths.length_in_words(length) == words


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


CODE = {  # sentences in Python: the phrases that no holder of ours decides
    "portal/time/clock.py": {"un minuto"},
    "portal/time/said_lengths.py": {"un giorno"},
    "portal/demo/gallery/letters.py": {"un giorno"},
    "portal/demo/identity/faults.py": {"10 minuti"},
    "portal/demo/identity/openid_faults.py": {"10 minuti", "4 minuti"},
    "portal/identity/staff/account_forms.py": {"un anno"},
    "portal/identity/staff/passwords.py": {"un anno"},
    "pharmacies/delegations/forms.py": {"un anno", "un giorno"},
    "pharmacies/people/offices.py": {"due giorni"},
    "pharmacies/people/role_request_form.py": {"tre mesi"},
    "pharmacies/people/role_requests.py": {"un giorno"},
    "pharmacies/wizard/refusal_sentences.py": {"1 tentativo", "un giorno"},
    "sessions/hours/week.py": {"24 ore"},
    "sessions/models/webhook.py": {"un giorno"},
    "sessions/preferences/days_forms.py": {"un giorno"},
    "sessions/preferences/hours_forms.py": {"24 ore", "un giorno"},
    "sessions/preferences/reminder_views.py": {"2 ore"},
    "sessions/staff/duties.py": {"un anno", "un minuto"},
    "sessions/staff/certificates.py": {"1 giorno"},
}


def typed_in_code(path: Path) -> set[str]:
    """The phrases in the string constants of a module, without its docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    bodies = [node.body for node in ast.walk(tree) if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))]
    docstrings = {id(body[0].value) for body in bodies if body and isinstance(body[0], ast.Expr)}
    constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return {phrase for node in constants if id(node) not in docstrings for phrase in phrases(node.value)}


def test_no_other_number_is_typed_into_a_sentence_of_a_module():
    root = TEMPLATES.parent
    paths = [path for app in ("portal", "pharmacies", "sessions") for path in (root / app).rglob("*.py")]
    found = {str(path.relative_to(root)): typed_in_code(path) for path in paths if "migrations" not in path.parts}
    unlisted = {name: typed - CODE.get(name, set()) for name, typed in found.items()}
    assert {name: typed for name, typed in unlisted.items() if typed} == {}
