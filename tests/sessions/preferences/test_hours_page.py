"""«Orari di apertura» and «Turni di notte»: forms that apply at once."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from pharmacies.models import Office
from portal.journal.models import Entry
from sessions.ids import issuing
from sessions.models import NightDuty, Reminder, ReminderSettings
from sessions.reminders import sending
from tests.conftest import DARIO, sign_in
from tests.sessions.conftest import MORNING
from tests.sessions.ids.test_manage_page import text

PAGE, HOURS, NIGHTS = "/servizi/4512/avvisi/", "/servizi/4512/avvisi/orari/", "/servizi/4512/avvisi/turni/"
WEEK = {
    **dict.fromkeys(["lun", "mar", "mer", "gio", "ven"], "9–13, 15:30–19:30"), "sab": "9–13", "dom": "chiuso",
}  # fmt: skip


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def client(anna, certified, utenza, context) -> Client:
    return sign_in(Client(), anna)


def says(client: Client) -> str:
    return text(client.get(PAGE).content.decode()).replace(" ,", ",").replace(" .", ".")


def due() -> list:
    return list(Reminder.objects.filter(settled_at=None).order_by("due_at").values_list("due_at", flat=True))


def test_without_hours_the_page_says_that_it_writes_at_the_exact_time(client) -> None:
    assert "Non ci hai ancora detto gli orari" in says(client)


def test_saving_the_hours_moves_the_reminder_already_planned_and_the_page_says_so(client, utenza, context) -> None:
    issuing.issue(utenza, context, MORNING)
    assert "Ti scriviamo oggi alle 23:58." in says(client)
    page = text(client.post(HOURS, WEEK, follow=True).content.decode())
    assert "i promemoria già previsti sono stati spostati" in page
    assert "Ti scriviamo oggi alle 18:30, prima della chiusura." in says(client)
    assert due() == [MORNING + timedelta(hours=9, minutes=32)]
    assert sending.send_due(due()[0]) == 1


def test_an_id_asked_for_later_is_planned_by_the_hours_too(client, utenza, context) -> None:
    client.post(HOURS, WEEK)
    row = issuing.issue(utenza, context, MORNING).id_sessione
    assert "Ti scriviamo oggi alle 18:30, prima della chiusura." in says(client)
    assert row.reminders.count() == 1


def test_who_prefers_the_reopening_gets_the_letter_there(client, utenza, context) -> None:
    issuing.issue(utenza, context, MORNING)
    client.post(HOURS, WEEK)
    client.post(PAGE, {"minuti": ["60"], "a_chiusa": "apertura"})
    assert "Ti scriviamo domani alle 09:00, all’apertura (per dirti che è scaduto)." in says(client)
    sending.send_due(due()[0])
    assert Reminder.objects.get().letter.kind == "expired"


def test_a_night_on_duty_brings_the_reminder_back_to_its_time(client, utenza, context) -> None:
    issuing.issue(utenza, context, MORNING)
    client.post(HOURS, WEEK)
    page = text(client.post(NIGHTS, {"date_turni": "23/11/2026\n24/12"}, follow=True).content.decode())
    assert "Turni salvati" in page
    assert "Ti scriviamo oggi alle 23:58, durante il turno di notte." in says(client)
    assert "lunedì 23 novembre" in says(client)
    client.post(NIGHTS, {"date_turni": ""})
    assert "Ti scriviamo oggi alle 18:30" in says(client)
    assert not NightDuty.objects.exists()


def test_the_box_of_the_nights_is_taken_back_as_it_was_filled_although_midnight_has_passed(client, clock) -> None:
    client.post(NIGHTS, {"date_turni": "22/11/2026\n24/12/2026"})
    filled = client.get(NIGHTS).context["form"]["date_turni"].value()
    clock.move_to(MORNING + timedelta(hours=20))  # tomorrow: the night of the 22nd is over
    assert filled == "22/11/2026\n24/12/2026"
    assert client.post(NIGHTS, {"date_turni": filled}).status_code == 302
    assert [night.evening.day for night in NightDuty.objects.order_by("evening")] == [22, 24]


def test_a_night_that_is_over_and_was_never_said_is_refused(client) -> None:
    html = client.post(NIGHTS, {"date_turni": "20/11/2026"}).content.decode()
    assert "La notte del 20/11/2026 è già passata: toglila" in html


def test_a_reminder_already_sent_is_not_sent_again_when_the_hours_change(client, utenza, context) -> None:
    issuing.issue(utenza, context, MORNING)
    client.post(HOURS, WEEK)
    sent_at = due()[0]
    sending.send_due(sent_at)
    with time_machine.travel(sent_at + timedelta(hours=1), tick=False):
        client.post(HOURS, {**WEEK, "sab": ""})
        assert due() == []


def test_hours_taken_away_bring_the_plain_rule_back(client, utenza, context) -> None:
    issuing.issue(utenza, context, MORNING)
    client.post(HOURS, WEEK)
    client.post(HOURS, {**WEEK, "fai": "togli"})
    assert "Ti scriviamo oggi alle 23:58." in says(client)
    assert ReminderSettings.objects.get().hours is None


def test_hours_that_overlap_are_refused_with_the_day_and_nothing_changes(client, utenza, context) -> None:
    issuing.issue(utenza, context, MORNING)
    html = client.post(HOURS, {**WEEK, "mer": "9–13, 12–19", "gio": "13–9"}).content.decode()
    assert "<title>Errore: " in html
    assert "Mercoledì. Gli orari 9–13 e 12–19 si sovrappongono" in html
    assert "Giovedì. In «13–9» la chiusura viene prima dell’apertura" in html
    assert 'href="#id_mer"' in html
    assert "Ti scriviamo oggi alle 23:58." in says(client)


def test_a_week_that_is_always_closed_is_refused(client) -> None:
    assert "Scrivi l’orario di almeno un giorno" in client.post(HOURS, {}).content.decode()


def test_a_preset_is_shown_and_not_saved(client) -> None:
    html = client.get(f"{HOURS}?modello=spezzato").content.decode()
    assert html.count('value="9–13, 15:30–19:30"') == 5
    assert "non sono ancora salvati" in html
    assert not ReminderSettings.objects.exists()


def test_one_day_is_copied_over_the_others_and_not_saved(client) -> None:
    html = client.post(
        HOURS, {"lun": "8–20", "sab": "9–13", "fai": "copia", "da": "lun", "su": "feriali"}
    ).content.decode()
    assert html.count('value="8–20"') == 5
    assert html.count('value="9–13"') == 1
    assert not ReminderSettings.objects.exists()


def test_what_was_chosen_is_in_the_journal(client, anna) -> None:
    client.post(HOURS, WEEK)
    client.post(NIGHTS, {"date_turni": "24/12/2026"})
    said = [entry.sentence for entry in Entry.objects.filter(actor=anna).order_by("pk")]
    assert said == [
        "ha scritto gli orari di apertura: da lunedì a venerdì 9–13, 15:30–19:30; sabato 9–13; domenica chiuso",
        "ha scritto i turni di notte: 24/12/2026",
    ]


def test_a_night_that_cannot_be_read_is_refused_with_a_sentence(client) -> None:
    html = client.post(NIGHTS, {"date_turni": "quando capita"}).content.decode()
    assert "Non capisco la data «quando capita»" in html
    assert not NightDuty.objects.exists()


@pytest.mark.parametrize("page", [PAGE, HOURS, NIGHTS])
def test_a_stranger_finds_no_page_and_a_delegate_is_told_why_not(page, san_marco, dario) -> None:
    client = sign_in(Client(), dario)
    assert client.get(page).status_code == 404
    assert client.post(page, WEEK).status_code == 404
    Office.objects.create(pharmacy=san_marco, codice_fiscale=DARIO, role="delegate", since=MORNING)
    answer = client.get(page)
    assert answer.status_code == 403
    assert "La tua delega non comprende orari e promemoria" in answer.content.decode()
    assert client.post(page, WEEK).status_code == 403
    assert not ReminderSettings.objects.exists()
