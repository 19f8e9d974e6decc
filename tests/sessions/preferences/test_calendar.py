"""The calendar of expiries: a private address, shown once, with the times and never an id."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from icalendar import Calendar

from pharmacies.models import Office
from sessions.ids import issuing, revoking, using
from sessions.models import CalendarLink
from tests.conftest import DARIO, sign_in
from tests.sessions.conftest import MORNING
from tests.sessions.ids.test_manage_page import text

PANEL = "/servizi/4512/avvisi/calendario/"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def client(anna, certified, utenza, context) -> Client:
    return sign_in(Client(), anna)


def make(client: Client) -> str:
    """The path of the address shown on the page."""
    html = client.post(f"{PANEL}crea/", follow=True).content.decode()
    return re.search(r"/calendario/[\w-]{43}\.ics", html)[0]


def test_the_calendar_has_one_event_for_each_live_id_at_its_end(client, utenza, context, anna) -> None:
    revoking.revoke(issuing.issue(utenza, context, MORNING - timedelta(hours=2)).id_sessione, anna, MORNING)
    issued = issuing.issue(utenza, context, MORNING)
    answer = Client().get(make(client))
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert "no-store" in answer["Cache-Control"]
    (event,) = Calendar.from_ical(answer.content).walk("VEVENT")
    assert event.decoded("dtstart") == MORNING + timedelta(hours=16)
    assert event["summary"] == "Scade l’ID SESSIONE – Farmacia San Marco"
    assert event.walk("VALARM")[0].decoded("trigger") == timedelta(hours=-1)
    again = Calendar.from_ical(Client().get(make(client)).content).walk("VEVENT")[0]
    assert again["uid"] == event["uid"]  # another calendar address, the same event
    said = answer.content.decode()
    assert issued.plain not in said
    assert issued.plain[-4:] not in said


def test_an_id_that_a_newer_one_has_replaced_is_not_in_the_calendar(client, utenza, context) -> None:
    first = issuing.issue(utenza, context, MORNING - timedelta(hours=3)).id_sessione
    using.use(first, MORNING)
    issuing.issue(utenza, context, MORNING)
    (event,) = Calendar.from_ical(Client().get(make(client)).content).walk("VEVENT")
    assert event.decoded("dtstart") == MORNING + timedelta(hours=16)


def test_an_empty_calendar_has_a_component_and_is_no_message(client) -> None:
    said = Client().get(make(client)).content.decode()
    assert [part.name for part in Calendar.from_ical(said).subcomponents] == ["VTIMEZONE"]
    assert "METHOD" not in said  # RFC 5546: with it each event needs an ORGANIZER


def test_the_name_of_the_calendar_is_escaped(client, san_marco) -> None:
    san_marco.name = "Farmacia Rossi; Bianchi, Verdi"
    san_marco.save()
    said = Client().get(make(client)).content.decode().replace("\r\n ", "")
    escaped = "Scadenze ID SESSIONE – Farmacia Rossi\\; Bianchi\\, Verdi"
    assert f"\r\nNAME:{escaped}\r\n" in said
    assert f"\r\nX-WR-CALNAME:{escaped}\r\n" in said


def test_the_pages_offer_a_link_for_this_device_and_say_what_programs_do(client) -> None:
    page = client.post(f"{PANEL}crea/", follow=True).content.decode()
    assert re.search(r'href="webcal://[^"/]+/calendario/[\w-]{43}\.ics"', page)
    for html in (page, client.get(PANEL).content.decode()):
        assert "Google Calendar e Outlook non fanno suonare la sveglia" in html


def test_an_id_that_ends_with_the_change_of_the_clock_is_told_in_utc(anna, certified, utenza, context, clock) -> None:
    evening = MORNING.replace(year=2027, month=3, day=27, hour=19)
    clock.move_to(evening)
    issuing.issue(utenza, context, evening)
    client = sign_in(Client(), anna, at=evening)
    assert f"DTSTART:{evening + timedelta(hours=16):%Y%m%dT%H%M%SZ}" in Client().get(make(client)).content.decode()


def test_the_address_is_shown_once_and_kept_as_a_hash(client) -> None:
    path = make(client)
    token = path.split("/")[-1].removesuffix(".ics")
    assert token not in str(list(CalendarLink.objects.values()))
    assert "già stato mostrato" in text(client.get(f"{PANEL}indirizzo/").content.decode())
    assert token not in client.get(PANEL).content.decode()


def test_a_new_address_makes_the_old_one_useless(client) -> None:
    old, new = make(client), make(client)
    assert Client().get(old).status_code == 404
    assert Client().get(new).status_code == 200


def test_a_calendar_that_is_closed_is_not_there(client) -> None:
    path = make(client)
    page = text(client.post(f"{PANEL}disattiva/", follow=True).content.decode())
    assert "Nessun calendario attivo" in page
    assert Client().get(path).status_code == 404


def test_a_guess_finds_nothing(client) -> None:
    make(client)
    assert Client().get(f"/calendario/{'A' * 43}.ics").status_code == 404
    assert Client().post(make(client)).status_code == 405


@pytest.mark.parametrize("place", ["", "crea/", "indirizzo/", "disattiva/"])
def test_a_stranger_finds_no_page_and_a_delegate_is_told_why_not(place, client, san_marco, dario) -> None:
    make(client)
    stranger = sign_in(Client(), dario)
    method = stranger.post if place in ("crea/", "disattiva/") else stranger.get
    assert method(f"{PANEL}{place}").status_code == 404
    Office.objects.create(pharmacy=san_marco, codice_fiscale=DARIO, role="delegate", since=MORNING)
    assert method(f"{PANEL}{place}").status_code == 403
    assert CalendarLink.objects.open().count() == 1
