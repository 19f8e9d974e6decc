"""Avvisi e promemoria."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.journal.models import Entry
from sessions.ids import issuing, using
from sessions.models import Context, Reminder, ReminderSettings
from tests.conftest import sign_in
from tests.outbox.conftest import sink  # noqa: F401  a mail server
from tests.sessions.conftest import MORNING
from tests.sessions.ids.test_manage_page import text

PAGE = "/servizi/4512/avvisi/"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def client(anna, certified, utenza, context) -> Client:
    return sign_in(Client(), anna)


def test_the_default_is_an_hour_before_and_is_ticked(client) -> None:
    html = client.get(PAGE).content.decode()
    assert html.count("checked") == 2  # and the choice for closed hours
    assert "un’ora prima (60 minuti)" in html


def test_the_page_says_in_words_when_the_next_letter_leaves(client, utenza, context) -> None:
    row = issuing.issue(utenza, context, MORNING).id_sessione
    page = text(client.get(PAGE).content.decode())
    assert f"…{row.last4} scade domani alle 00:58" in page
    assert "Ti scriviamo oggi alle 23:58" in page


def test_what_is_chosen_holds_for_the_live_ids_too(client, utenza, context, anna, san_marco) -> None:
    issuing.issue(utenza, context, MORNING)
    page = text(client.post(PAGE, {"minuti": ["120", "30"], "scaduto": "on"}, follow=True).content.decode())
    assert "Preferenze salvate" in page
    assert "oggi alle 22:58 , domani alle 00:28 e alle 00:58 (per dirti che è scaduto)" in page
    chosen = ReminderSettings.objects.get(pharmacy=san_marco)
    assert (chosen.minutes_before, chosen.tell_when_expired) == ([120, 30], True)
    assert Entry.objects.filter(verb="reminders.chosen", actor=anna, about="4512").exists()


def test_nothing_may_be_chosen(client, utenza, context) -> None:
    issuing.issue(utenza, context, MORNING)
    assert "Non ti scriveremo più" in text(client.post(PAGE, {}, follow=True).content.decode())
    assert not Reminder.objects.exists()


def test_a_lead_time_that_is_not_offered_is_refused_with_a_sentence(client) -> None:
    html = client.post(PAGE, {"minuti": ["7"]}).content.decode()
    assert "<title>Errore: " in html
    assert not ReminderSettings.objects.exists()


def test_an_id_already_renewed_is_said_to_be(client, utenza, context) -> None:
    using.use(issuing.issue(utenza, context, MORNING - timedelta(hours=3)).id_sessione, MORNING)
    issuing.issue(utenza, context, MORNING)
    assert "Non ti scriviamo: hai già un ID più nuovo" in text(client.get(PAGE).content.decode())


def test_without_a_certified_address_the_page_says_that_nothing_can_be_sent(anna) -> None:
    page = text(sign_in(Client(), anna).get(PAGE).content.decode())
    assert "finché manca, non possiamo scriverti" in page


def test_with_an_address_that_refuses_mail_the_page_promises_no_letter(client, certified, utenza, context) -> None:
    issuing.issue(utenza, context, MORNING)
    certified.mark_undeliverable("casella inesistente", MORNING, MORNING)
    page = text(client.get(PAGE).content.decode())
    assert "finché non lo sistemi, non possiamo scriverti" in page
    assert "Ti scriviamo oggi" not in page
    assert "Gli avvisi arrivano" not in page


def test_the_overview_says_how_the_id_is(client, utenza, context) -> None:
    assert "Nessun ID valido per la ricetta SSN" in client.get("/servizi/4512/").content.decode()
    row = issuing.issue(utenza, context, MORNING).id_sessione
    page = text(client.get("/servizi/4512/").content.decode())
    assert f"ID pronto, non ancora usato …{row.last4}" in page
    assert "Scade alle 00:58 di martedì 24 novembre 2026 : ancora 16 h" in page


def test_the_page_asks_the_database_as_often_for_many_ids_as_for_one(
    client, utenza, context, django_assert_max_num_queries
):
    issuing.issue(utenza, context, MORNING)
    client.get(PAGE)
    with CaptureQueriesContext(connection) as with_one:
        client.get(PAGE)
    for number in range(12):
        other, _ = Context.objects.get_or_create(contesto=f"C{number}", applicazione="A")
        issuing.issue(utenza, other, MORNING)
    with django_assert_max_num_queries(len(with_one)):
        page = client.get(PAGE).content.decode()
    assert text(page).count("scade domani alle") == 13, text(page)[:3000]
