"""«Chiusure, turni e feste»: each form adds or removes one thing, and the reminders already planned move at once."""

from datetime import date, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
import time_machine
from django.test import Client

from pharmacies.models import Office
from portal.journal.models import Entry
from sessions.ids import issuing
from sessions.models import Closure, DayDuty, NightDuty, OpenHoliday, Reminder, ReminderSettings
from sessions.reminders import days, planning
from tests.conftest import DARIO, sign_in
from tests.pharmacies.letters import text_of
from tests.sessions.hours.test_reminder_rule import SPLIT, rome
from tests.sessions.ids.test_manage_page import text

PAGE, DAYS = "/servizi/4512/avvisi/", "/servizi/4512/avvisi/giorni/"
EVE = rome("2026-12-24 17:30")  # an id requested now ends at 09:30 of Christmas


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(EVE, tick=False) as traveller:
        yield traveller


@pytest.fixture
def client(anna, certified, san_marco, utenza, context) -> Client:
    planning.set_hours(san_marco, SPLIT, anna, EVE)
    return sign_in(Client(), anna, at=EVE)


def says(client: Client) -> str:
    return text(client.get(PAGE).content.decode()).replace(" ,", ",").replace(" .", ".")


def post(client: Client, **fields: str) -> str:
    """The text of the page that follows."""
    named = {name.replace("__", "-").replace("_", "-"): value for name, value in fields.items()}
    return text(client.post(DAYS, named, follow=True).content.decode())


def close(client: Client, first: str, last: str = "") -> str:
    return post(client, fai="chiusura", chiusura__dal=first, chiusura__al=last)


def duty(client: Client, kind: str, first: str, last: str = "", hours: str = "") -> str:
    return post(client, fai="turno", turno__turno=kind, turno__dal=first, turno__al=last, turno__orario=hours)


def test_christmas_is_closed_and_the_page_says_why(client, utenza, context) -> None:
    issuing.issue(utenza, context, EVE)
    assert "Ti scriviamo oggi alle 18:30, prima della festa (Natale)." in says(client)


def test_a_duty_by_day_brings_the_reminder_back_and_its_removal_is_undone(client, utenza, context) -> None:
    issuing.issue(utenza, context, EVE)
    assert "Turno salvato." in duty(client, "giorno", "25/12/2026", hours="830-1230 15,30-19,30")
    assert DayDuty.objects.get().hours_in_words == "8:30–12:30, 15:30–19:30"
    assert "Ti scriviamo domani alle 08:30, durante il turno di giorno." in says(client)
    assert "chiusi; la prossima è sabato 26 dicembre (Santo Stefano)" in says(client)
    assert "Natale. Di turno" in text(client.get(DAYS).content.decode())
    page = client.post(DAYS, {"fai": "togli-giorno", "riga": DayDuty.objects.get().pk}, follow=True)
    assert "Turno tolto" in page.content.decode()
    assert "oggi alle 18:30, prima della festa (Natale)" in says(client)
    undo = dict(parse_qsl(urlsplit(page.redirect_chain[-1][0]).query))
    client.post(DAYS, {"fai": undo.pop("tolto"), **undo})
    assert DayDuty.objects.get().hours_in_words == "8:30–12:30, 15:30–19:30"
    assert "Ti scriviamo domani alle 08:30" in says(client)


def test_a_holiday_on_which_the_pharmacy_is_open_counts_as_a_day_of_the_week(client, utenza, context) -> None:
    issuing.issue(utenza, context, EVE)
    page = text(client.get(DAYS).content.decode())
    assert "Venerdì 25 dicembre 2026: Natale. Chiusi" in page
    assert "Sabato 26 dicembre 2026: Santo Stefano. Chiusi" in page
    assert "Pasqua" not in page  # on a Sunday nothing changes
    assert "Nella festa di venerdì 25 dicembre 2026 siete aperti." in post(client, fai="aperti", giorno="2026-12-25")
    assert "Ti scriviamo domani alle 08:30." in says(client)
    post(client, fai="chiusi", giorno="2026-12-25")
    assert not OpenHoliday.objects.exists()
    assert "prima della festa (Natale)" in says(client)


@pytest.mark.parametrize("day", ["2026-12-24", "2025-12-25", "2030-12-25", "domani", ""])
def test_only_a_holiday_that_counts_is_opened(client, day) -> None:
    assert client.post(DAYS, {"fai": "aperti", "giorno": day}).status_code == 404
    assert not OpenHoliday.objects.exists()


def test_closures_that_touch_become_one_and_move_the_reminder(client, utenza, context) -> None:
    assert "Chiusura salvata: da lunedì 28 dicembre 2026 a martedì 29 dicembre 2026." in close(
        client, "28/12/2026", "29/12/2026"
    )
    assert "Chiusura unita a quella che c’era: da lunedì 28 dicembre 2026 a sabato 2 gennaio 2027." in close(
        client, "2026-12-30", "2027-01-02"
    )
    closure = Closure.objects.get()
    assert (closure.first, closure.last) == (date(2026, 12, 28), date(2027, 1, 2))
    page = text(client.get(DAYS).content.decode())
    assert "Venerdì 1 gennaio 2027" not in page  # a holiday inside a closure changes nothing
    assert "da lunedì 28 dicembre a sabato 2 gennaio" in says(client)


def test_an_id_that_ends_in_a_closure_is_told_of_before_it(client, utenza, context, clock) -> None:
    post(client, fai="aperti", giorno="2026-12-25")
    issuing.issue(utenza, context, EVE)
    close(client, "25/12/2026", "06/01/2027")
    assert "Ti scriviamo oggi alle 18:30, prima delle ferie." in says(client)
    client.post(DAYS, {"fai": "togli-chiusura", "riga": Closure.objects.get().pk})
    assert "Ti scriviamo domani alle 08:30." in says(client)


def test_duties_of_one_day_are_joined_and_said_twice_change_nothing(client) -> None:
    assert "2 turni salvati." in duty(client, "giorno", "25/12/2026", "26/12/2026")
    assert "Questi turni c’erano già" in duty(client, "giorno", "25/12/2026")
    assert "Turno salvato." in duty(client, "giorno", "25/12/2026", hours="19-22")
    assert [day.hours_in_words for day in DayDuty.objects.order_by("day")] == ["8:30–22", "8:30–20"]


def test_a_night_keeps_its_hours(client, utenza, context) -> None:
    duty(client, "notte", "24/12/2026", hours="21:30-7")
    night = NightDuty.objects.get()
    assert (night.evening, night.hours_in_words) == (date(2026, 12, 24), "21:30–7")
    duty(client, "notte", "24/12/2026")
    assert NightDuty.objects.get().hours == night.hours
    assert "di notte : 21:30–7" in text(client.get(DAYS).content.decode()).replace("notte:", "notte :")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"fai": "chiusura", "chiusura-dal": ""}, "Scrivi da che giorno"),
        ({"fai": "chiusura", "chiusura-dal": "natale"}, "Scrivi il giorno così: 24/12/2026"),
        ({"fai": "chiusura", "chiusura-dal": "31/12/2026", "chiusura-al": "28/12/2026"}, "L’ultimo giorno viene prima del primo"),
        ({"fai": "chiusura", "chiusura-dal": "20/12/2026", "chiusura-al": "23/12/2026"}, "sono già passati"),
        ({"fai": "chiusura", "chiusura-dal": "24/12/2029"}, "È troppo lontano"),
        ({"fai": "chiusura", "chiusura-dal": "01/01/2027", "chiusura-al": "01/08/2027"}, "Sono più di 120 giorni"),
        ({"fai": "turno", "turno-dal": "25/12/2026"}, "Scegli se il turno è di giorno o di notte"),
        ({"fai": "turno", "turno-turno": "notte", "turno-dal": "25/12/2026", "turno-orario": "9-13"}, "dalla sera al mattino dopo"),
        ({"fai": "turno", "turno-turno": "giorno", "turno-dal": "25/12/2026", "turno-orario": "20-8"}, "la chiusura viene prima"),
        ({"fai": "turno", "turno-turno": "giorno", "turno-dal": "25/12/2026", "turno-orario": "chiuso"}, "Scrivi da che ora a che ora"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_with_a_sentence_and_nothing_changes(client, fields, sentence) -> None:
    html = client.post(DAYS, fields).content.decode()
    assert "<title>Errore: " in html
    assert sentence in text(html)
    assert not any(model.objects.exists() for model in (Closure, DayDuty, NightDuty))


def test_more_than_the_portal_keeps_is_refused(client, monkeypatch) -> None:
    monkeypatch.setattr(days, "DUTIES_AT_MOST", 2)
    assert "Sono troppi" in duty(client, "giorno", "25/12/2026", "27/12/2026")
    assert not DayDuty.objects.exists()


@pytest.mark.parametrize("act", ["togli-chiusura", "togli-giorno", "togli-notte"])
@pytest.mark.parametrize("row", ["0", "", "x", "9" * 30])
def test_a_row_that_is_gone_is_no_error(client, act, row) -> None:
    assert client.post(DAYS, {"fai": act, "riga": row}).status_code == 302


def test_a_row_of_another_pharmacy_stays(client, al_redentore) -> None:
    other = Closure.objects.create(pharmacy=al_redentore, first=date(2026, 12, 28), last=date(2026, 12, 28))
    client.post(DAYS, {"fai": "togli-chiusura", "riga": other.pk})
    assert Closure.objects.filter(pk=other.pk).exists()


def test_an_unknown_act_is_refused(client) -> None:
    assert client.post(DAYS, {"fai": "tutto"}).status_code == 404


def test_each_act_is_a_line_of_the_journal(client, anna) -> None:
    close(client, "28/12/2026")
    duty(client, "giorno", "25/12/2026")
    duty(client, "notte", "26/12/2026", hours="20-8")
    client.post(DAYS, {"fai": "togli-notte", "riga": NightDuty.objects.get().pk})
    post(client, fai="aperti", giorno="2026-12-26")
    said = [entry.sentence for entry in Entry.objects.filter(actor=anna, at__gte=EVE).order_by("pk")][1:]
    assert said == [
        "ha scritto una chiusura: 28/12/2026",
        "ha scritto un turno di giorno: 25/12/2026, 8:30–20",
        "ha scritto un turno di notte: 26/12/2026, 20–8",
        "ha tolto il turno di notte: 26/12/2026",
        "ha scritto che la farmacia è aperta nella festa: 26/12/2026",
    ]


def test_the_labels_say_what_happens(client) -> None:
    page = says(client)
    assert "Se all’ora dell’avviso la farmacia è chiusa" in page
    assert (
        "scrivimi alla riapertura, se mancano almeno 30 minuti alla scadenza; altrimenti prima della chiusura" in page
    )
    assert "chiusi; la prossima è venerdì 25 dicembre (Natale)" in page


def test_the_letter_of_an_id_says_each_day_once(client, anna, san_marco, utenza, context) -> None:
    planning.choose(san_marco, planning.Wishes([120, 60], tell_when_expired=True), anna, EVE)
    letter = text_of(issuing.issue(utenza, context, EVE).id_sessione.letter)
    said = " ".join(letter.split())
    assert (
        "Ti scriveremo giovedì 24 dicembre 2026 alle 18:30 e lunedì 28 dicembre 2026 alle 08:30 (quando sarà scaduto)."
        in said
    )


def test_without_hours_the_days_count_later(client, anna, san_marco, utenza, context) -> None:
    planning.set_hours(san_marco, None, anna, EVE)
    issuing.issue(utenza, context, EVE)
    assert "Prima servono gli orari" in close(client, "25/12/2026")
    assert Reminder.objects.get().due_at == EVE + timedelta(hours=15)


def test_the_box_of_the_nights_keeps_the_hours_of_a_night(client) -> None:
    duty(client, "notte", "24/12/2026", hours="21:30-7")
    client.post("/servizi/4512/avvisi/turni/", {"date_turni": "24/12/2026\n31/12/2026"})
    assert [night.hours_in_words for night in NightDuty.objects.order_by("evening")] == ["21:30–7", ""]


def test_a_stranger_finds_no_page_and_a_delegate_is_told_why_not(client, san_marco, dario) -> None:
    stranger = sign_in(Client(), dario, at=EVE)
    assert stranger.get(DAYS).status_code == 404
    Office.objects.create(pharmacy=san_marco, codice_fiscale=DARIO, role="delegate", since=EVE)
    assert stranger.get(DAYS).status_code == 403
    assert stranger.post(DAYS, {"fai": "chiusura", "chiusura-dal": "28/12/2026"}).status_code == 403
    assert not Closure.objects.exists()
    assert ReminderSettings.objects.count() == 1
