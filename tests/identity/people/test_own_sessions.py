"""«I miei accessi»: the list, «Chiudi», «Esci da tutti», the last access, and the letter about a browser never seen."""

import pytest
from django.test import Client
from django.utils import timezone

from portal.identity.models import PersonSession, User
from portal.journal.models import Entry
from portal.web.client_address import shortened
from tests.identity import door

pytestmark = pytest.mark.django_db

PAGE = "/miei-accessi/"


@pytest.fixture
def first() -> Client:
    client = Client(headers={"user-agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"}, REMOTE_ADDR="192.0.2.17")
    door.enter(client)
    return client


def elsewhere() -> Client:
    """The same person in another browser."""
    other = Client(headers={"user-agent": "Mozilla/5.0 (iPhone) Safari/604.1"}, REMOTE_ADDR="198.51.100.9")
    door.enter(other)
    return other


def said(client: Client) -> str:
    return client.get(PAGE).content.decode()


def test_a_person_reads_where_they_are_signed_in(first):
    elsewhere()
    page = said(first)
    assert "Firefox su Windows" in page
    assert "Safari su iPhone" in page
    assert "192.0.2.x" in page
    assert "192.0.2.17" not in page
    assert page.count("questo browser") == 1
    assert "SPID" in page


def test_close_ends_the_session_of_the_other_browser_only(first):
    other = elsewhere()
    row = PersonSession.objects.order_by("-started_at").first()
    assert "Accesso chiuso" in first.post(f"{PAGE}{row.pk}/chiudi/", follow=True).content.decode()
    assert not door.signed_in(other)
    assert door.signed_in(first)
    assert Entry.objects.filter(verb="person.sessions_closed").count() == 1


def test_leave_everywhere_ends_all(first):
    other = elsewhere()
    assert first.post(f"{PAGE}esci-da-tutti/").status_code == 302
    assert not door.signed_in(first)
    assert not door.signed_in(other)
    assert not PersonSession.objects.open(timezone.now()).exists()


def test_nobody_sees_or_closes_the_session_of_somebody_else(first, operator):
    stranger = User.objects.for_person("VRDLGI80A01H501X", "Luigi", "Verdi")
    row = PersonSession.begin(stranger, "k" * 32, "203.0.113.x", "Chrome su Linux", timezone.now())
    assert "Chrome su Linux" not in said(first)
    assert first.post(f"{PAGE}{row.pk}/chiudi/").status_code == 404
    assert operator("sicurezza").get(PAGE).status_code == 403
    assert Client().get(PAGE).status_code == 302


@pytest.mark.parametrize("path", ["1/chiudi/", "esci-da-tutti/", "avvisi/"])
def test_the_acts_are_posts_with_a_token(first, path):
    assert first.get(PAGE + path).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = first.cookies
    assert strict.post(PAGE + path).status_code == 403


def test_going_out_closes_the_row(first):
    first.post("/uscita/")
    assert PersonSession.objects.get().closed_at is not None


def test_the_last_access_is_said_at_the_next_login_and_not_at_the_first(first):
    assert "Ultimo accesso" not in first.get("/servizi/").content.decode()
    page = elsewhere().get("/servizi/").content.decode()
    assert "Ultimo accesso: oggi" in page
    assert "Firefox su Windows" in page


@pytest.mark.parametrize(
    ("address", "network"),
    [("192.0.2.17", "192.0.2.x"), ("2001:db8:1:2::3", "2001:db8:1::"), ("", ""), ("unknown", "")],
)
def test_a_network_address_is_shortened(address, network):
    assert shortened(address) == network
