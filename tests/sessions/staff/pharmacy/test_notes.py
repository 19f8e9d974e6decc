"""Notes of the staff about a pharmacy, and the timeline with its filters."""

from datetime import timedelta

import pytest
from django.urls import reverse

from portal.identity.models import User
from portal.journal.models import Entry, record
from sessions.models import SupportNote
from tests.sessions.staff.conftest import NOW, STATUS, words

PAGE = f"{STATUS}4512/"
NOTE = "Ha chiamato il titolare: casella piena.\nRichiamare domani."


def text(response) -> str:
    return words(response.content.decode())


def test_a_note_is_read_by_the_staff_and_closed_with_its_outcome(operator, san_marco):
    desk = operator("assistenza")
    assert "Nota aperta" in text(desk.post(f"{PAGE}note/nuova/", {"testo": NOTE}, follow=True))
    note = SupportNote.objects.get()
    assert "Ha chiamato il titolare: casella piena. Richiamare domani." in text(desk.get(PAGE))
    page = desk.post(f"{PAGE}note/{note.pk}/chiudi/", {"esito": "casella svuotata."}, follow=True)
    assert "chiusa da oriana-assistenza, oggi 14:32: casella svuotata" in text(page)
    assert "è già chiusa" in text(desk.post(f"{PAGE}note/{note.pk}/chiudi/", {"esito": "x"}, follow=True))


def test_the_pharmacy_reads_that_there_was_a_note_and_not_what_it_says(operator, anna_client, san_marco):
    operator("assistenza").post(f"{PAGE}note/nuova/", {"testo": NOTE})
    page = text(anna_client.get(reverse("pharmacies:journal", args=["4512"])))
    assert "oriana-assistenza ha aperto una nota di assistenza" in page
    assert "casella piena" not in page
    assert "casella piena" not in str(Entry.objects.get().detail)


@pytest.mark.parametrize("words_typed", ["", "   ", "x" * 501])
def test_a_note_that_says_nothing_or_too_much_is_not_written(operator, san_marco, words_typed):
    page = operator("assistenza").post(f"{PAGE}note/nuova/", {"testo": words_typed})
    assert "<title>Errore: " in page.content.decode()
    assert not SupportNote.objects.exists()


def test_the_note_of_another_pharmacy_is_not_there(operator, carla, san_marco, al_redentore):
    note = SupportNote.objects.write(al_redentore, "altrove", carla, NOW)
    desk = operator("assistenza")
    assert desk.post(f"{PAGE}note/{note.pk}/chiudi/", {"esito": "x"}).status_code == 404
    assert "altrove" not in text(desk.get(PAGE))


# --- the timeline


@pytest.fixture
def lines(anna, carla, san_marco) -> None:
    day = timedelta(days=1)
    record("id.issued", now=NOW - 3 * day, about="4512", last4="aaaa", context="SSN", asked="dal gestionale")
    record("id.shown", now=NOW - 2 * day, actor=anna, about="4512", last4="bbbb")
    record("utenza.blocked", now=NOW - day, actor=carla, about="4512", user_id="UV1", revoked=0, because="furto")
    record("certification.revoked", now=NOW, actor=anna, about="4512", address="id•••@farmacia.it")
    record("id.shown", now=NOW, actor=anna, about="1877", last4="zzzz")


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("", ["…aaaa", "…bbbb", "UV1", "id•••@"]),
        ("tipo=id", ["…aaaa", "…bbbb"]),
        ("tipo=mail", ["id•••@"]),
        ("chi=operatori", ["UV1"]),
        ("chi=farmacia", ["…bbbb", "id•••@"]),
        ("chi=portale", ["…aaaa"]),
        ("dal=2026-11-21&al=2026-11-22", ["…bbbb", "UV1"]),
        ("dal=22/11/2026", ["UV1", "id•••@"]),
        ("tipo=id&chi=farmacia", ["…bbbb"]),
        ("dal=domani", ["…aaaa", "…bbbb", "UV1", "id•••@"]),
    ],
)
def test_the_timeline_is_narrowed(operator, lines, query, seen):
    page = text(operator("lettura").get(f"{PAGE}attivita/?{query}"))
    assert [word for word in ("…aaaa", "…bbbb", "UV1", "id•••@", "zzzz") if word in page] == seen


def test_a_filter_that_makes_no_sense_is_told_and_left_out(operator, lines):
    page = operator("lettura").get(f"{PAGE}attivita/?dal=domani&tipo=x").content.decode()
    assert "<title>Errore: " in page
    assert "Scrivi il giorno così: 23/11/2026" in page


def test_a_filter_that_finds_nothing_says_so(operator, lines):
    assert "Nessuna attività con questi filtri" in text(operator("lettura").get(f"{PAGE}attivita/?tipo=note"))


def test_a_note_sent_twice_is_one(operator, san_marco):
    client = operator("assistenza")
    for _ in range(2):
        assert client.post(f"{STATUS}{san_marco.code}/note/nuova/", {"testo": "Richiama lunedì"}).status_code == 302
    assert SupportNote.objects.count() == 1
    SupportNote.objects.get().close("fatto", User.objects.get(username="oriana-assistenza"), NOW)
    client.post(f"{STATUS}{san_marco.code}/note/nuova/", {"testo": "Richiama lunedì"})
    assert SupportNote.objects.count() == 2
