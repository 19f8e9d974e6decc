"""The journal of the whole portal, for the role «sicurezza»."""

import csv
from datetime import timedelta
from io import StringIO

import pytest

from portal.journal.models import Entry, record
from portal.journal.verbs import known_verbs
from sessions.staff.journal import JournalFilter
from tests.conftest import make_pharmacy
from tests.sessions.staff.conftest import NOW, words

PAGE, FILE = "/operatori/registro/", "/operatori/registro/csv/"
SEEN = ("…aaaa", "UV1", "Contesto X", "…zzzz")


@pytest.fixture
def lines(anna, carla, san_marco) -> None:
    """About San Marco (Trento), about no pharmacy, about a pharmacy in Piemonte."""
    make_pharmacy("77", "Torinese", region_code="010")
    record("id.shown", now=NOW, actor=anna, about="4512", last4="aaaa")
    record("utenza.blocked", now=NOW, actor=carla, about="4512", user_id="UV1", revoked=0, because="furto")
    record("context.changed", now=NOW, actor=carla, context="Contesto X", changes="ore")
    record("id.shown", now=NOW, about="77", last4="zzzz")


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("", SEEN),
        ("persona=rossi", ["…aaaa"]),
        ("persona=carla", ["UV1", "Contesto X"]),
        ("farmacia=4512", ["…aaaa", "UV1"]),
        ("tipo=contesti", ["Contesto X"]),
        ("chi=portale", ["…zzzz"]),
        ("origine=192.0.2.7", []),
        ("origine=casa", SEEN),
        ("dal=2026-11-24", []),
        ("al=9999-12-31", SEEN),
        ("dal=0001-01-01", SEEN),
        ("persona=portale", ["…zzzz"]),
        ("persona=anna rossi", ["…aaaa"]),
    ],
)
def test_the_journal_is_searched(operator, lines, query, seen):
    page = words(operator("sicurezza").get(f"{PAGE}?{query}").content.decode())
    assert [word for word in SEEN if word in page] == list(seen)


def test_who_is_limited_to_a_territory_sees_its_lines_only(operator, lines):
    desk = operator("sicurezza", limited_to=["042"])
    page = words(desk.get(PAGE).content.decode())
    assert [word for word in SEEN if word in page] == ["…aaaa", "UV1"]
    exported = b"".join(desk.get(FILE).streaming_content).decode()
    assert "…aaaa" in exported
    assert "Contesto X" not in exported
    assert "…zzzz" not in exported


def rows_of(answer) -> list[list[str]]:
    return list(csv.reader(StringIO(b"".join(answer.streaming_content).decode("utf-8-sig")), delimiter=";"))


def test_what_is_taken_away_is_what_the_filters_find_and_leaves_a_line(operator, lines):
    head, *rows = rows_of(operator("sicurezza").get(f"{FILE}?farmacia=4512&persona=neri"))
    assert head[:5] == ["Quando", "Chi", "Che cosa", "Farmacia", "Da dove"]
    assert [row[:4] for row in rows] == [
        ["23/11/2026 14:32", "Carla Neri", "ha bloccato l’utenza UV1 (ID SESSIONE revocati: 0). Motivo: furto", "4512"]
    ]
    line = Entry.objects.get(verb="journal.exported")
    assert line.sentence == "ha esportato il registro attività (farmacia 4512, per nome)"


def test_no_cell_becomes_a_formula(operator, anna, san_marco):
    anna.given_name = "=cmd|' /C calc'!A0"
    anna.save()
    record("id.shown", now=NOW, actor=anna, about="4512", last4="aaaa")
    rows = rows_of(operator("sicurezza").get(f"{FILE}?farmacia=4512"))
    assert rows[1][1].startswith("'=cmd")


def test_a_filter_that_makes_no_sense_takes_nothing_away(operator, lines):
    answer = operator("sicurezza").get(f"{FILE}?origine=casa")
    assert answer["Location"] == f"{PAGE}?origine=casa"
    assert not Entry.objects.filter(verb="journal.exported").exists()


def test_every_verb_that_the_portal_knows_belongs_to_a_kind():
    beginnings = tuple(beginning for _, begin in JournalFilter.KINDS.values() for beginning in begin)
    assert [verb for verb in known_verbs() if not verb.startswith(beginnings)] == []


def test_a_person_without_a_name_is_not_a_whole_codice_fiscale(operator, anna, san_marco):
    anna.given_name = anna.family_name = ""
    anna.save()
    record("id.shown", now=NOW, actor=anna, about="4512", last4="aaaa")
    page = operator("sicurezza").get(PAGE).content.decode()
    assert "RSS•••••••••501L" in page
    assert anna.codice_fiscale not in page


@pytest.mark.parametrize("day", ["al=9999-12-31", "dal=0001-01-01", "al=1999-12-31", "dal=2100-01-01"])
@pytest.mark.parametrize("page", [PAGE, FILE, "/operatori/stato-sessioni/4512/attivita/"])
def test_a_day_beyond_any_clock_is_told_and_left_out(operator, lines, page, day):
    answer = operator("sicurezza").get(f"{page}?{day}", follow=True)
    assert answer.status_code == 200
    assert "Scrivi il giorno così" in answer.content.decode()


@pytest.mark.parametrize(
    ("query", "old_line_is_found"),
    [
        ("chi=operatori", False), ("tipo=contesti", False), ("tipo=contesti&dal=2026-01-01", True),
        ("tipo=contesti&al=2026-11-30", False), ("tipo=contesti&al=2026-10-20", True), ("persona=neri", True), ("", True),
    ],
)  # fmt: skip
def test_a_search_without_an_index_looks_at_the_last_days_and_says_so(
    operator, carla, san_marco, query, old_line_is_found
):
    record("context.changed", now=NOW - timedelta(days=40), actor=carla, context="Contesto di ottobre", changes="ore")
    page = words(operator("sicurezza").get(f"{PAGE}?{query}").content.decode())
    assert ("Contesto di ottobre" in page) == old_line_is_found
    looks_back = query.startswith(("chi", "tipo")) and "dal=" not in query
    assert ("cerchiamo negli ultimi 31 giorni" in page) == looks_back
