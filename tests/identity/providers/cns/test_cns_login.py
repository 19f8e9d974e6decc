"""Login with a TS-CNS: the test writes nginx's headers about the card (tests/processes runs the real nginx)."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import time_machine
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.test import Client
from django.urls import reverse

from portal.identity import system_checks
from portal.identity.models import LoginRecord, LoginTransaction, User
from tests.conftest import ANNA
from tests.identity.door import answer_url, signed_in
from tests.identity.providers.cns.authority import CARD, Authority, pem

pytestmark = pytest.mark.django_db
SECRET = "un segreto che sa soltanto nginx, lungo abbastanza..."
HOST = "cns.portale.example"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
GOOD = Authority(now=NOON)


@pytest.fixture(autouse=True)
def _noon_on_the_host_of_the_cards(settings):
    settings.IDENTITY_PROVIDERS = ["portal.identity.providers.cns.TsCns"]
    settings.PORTAL_URL, settings.CNS_URL = "https://testserver", f"https://{HOST}"
    settings.CNS_PROXY_SECRET = SECRET
    settings.ALLOWED_HOSTS = ["testserver", HOST]
    with time_machine.travel(NOON, tick=False):
        yield


def begin(client: Client, next_url: str = "") -> str:
    """Presses "Entra con TS-CNS"; returns the state that goes to the cards' host."""
    response = client.post(reverse("identity:start", args=["ts-cns"]), {"next": next_url})
    assert response.status_code == 302
    to = urlsplit(response["Location"])
    assert (to.scheme, to.netloc, to.path) == ("https", HOST, reverse("identity:card"))
    return parse_qs(to.query)["richiesta"][0]


def show(state: str, card=None, **changed: str):
    """Presents a card as nginx forwards it; the browser sends no cookie to that host."""
    headers = {
        "HTTP_X_CNS_CERTIFICATE": quote(pem(card or GOOD.card()).decode()),
        "HTTP_X_CNS_VERIFIED": "SUCCESS",
        "HTTP_X_CNS_PROXY": SECRET,
        "HTTP_HOST": HOST,
    } | changed
    return Client().get(reverse("identity:card"), {"richiesta": state}, **headers)


def ticket(response) -> dict[str, str]:
    """The hidden fields of the page that goes back to the portal."""
    assert response.status_code == 200
    return dict(re.findall(r'name="(\w+)" value="([^"]+)"', unescape(response.content.decode())))


def enter(client: Client, card=None):
    return client.post(answer_url("ts-cns"), ticket(show(begin(client), card)))


def test_a_card_brings_its_holder_in_at_level_3(client):
    fields = ticket(show(begin(client, "/servizi/4512/")))
    assert client.post(answer_url("ts-cns"), fields)["Location"] == "/servizi/4512/"
    assert client.session["identity_with"] == "TS-CNS livello 3"
    user = User.objects.get(pk=client.session["_auth_user_id"])
    assert (user.codice_fiscale, user.full_name) == (ANNA, "Anna Rossi")
    record = LoginRecord.objects.get()
    assert (record.outcome, record.level, record.provider) == ("ok", 3, "ts-cns")
    assert record.assertion_id == f"{100:x}"  # the serial number of the certificate


def test_the_page_goes_back_to_the_portal_and_nowhere_else(client):
    response = show(begin(client))
    assert 'action="https://testserver/accesso/ts-cns/ritorno/"' in response.content.decode()
    assert "form-action 'self' https://testserver" in response["Content-Security-Policy"]


def test_a_card_without_names_keeps_the_ones_that_we_know(client):
    User.objects.for_person(ANNA, "Anna", "Rossi")
    enter(client, GOOD.card(names=None))
    assert User.objects.get().full_name == "Anna Rossi"


def test_neither_ticket_nor_card_is_kept_in_clear_nor_after_its_use(client):
    fields = ticket(show(begin(client)))
    row = str(LoginTransaction.objects.values().get())
    assert fields["biglietto"] not in row
    assert ANNA not in row
    client.post(answer_url("ts-cns"), fields)
    login = LoginTransaction.objects.get()
    assert (login.sealed_card, login.ticket_hash) == (None, "")


@pytest.mark.parametrize(
    ("card", "outcome"),
    [
        (GOOD.card(policy=""), "wrong-card"),
        (GOOD.card(policy="1.3.76.16.2.2"), "wrong-card"),
        (GOOD.card(contracts=True), "wrong-card"),
        (GOOD.card(sign=False), "wrong-card"),
        (GOOD.card(purpose=ExtendedKeyUsageOID.SERVER_AUTH), "wrong-card"),
        (GOOD.card("Anna Rossi"), "wrong-card"),
        (GOOD.card(ANNA), "wrong-card"),
        (GOOD.card(f"{ANNA}/123.a"), "wrong-card"),
        (GOOD.card(f"{ANNA}{CARD}"), "wrong-card"),
        (GOOD.card(f"x{ANNA}/{CARD}"), "wrong-card"),
        (GOOD.card(f"{ANNA[:-1]}A/{CARD}"), "no-codice-fiscale"),
        (GOOD.card(good=(timedelta(days=-9), timedelta(days=-1))), "expired-card"),
        (GOOD.card(good=(timedelta(days=1), timedelta(days=9))), "expired-card"),
    ],
)
def test_a_card_that_is_not_of_the_right_kind_is_refused_and_written_down(client, card, outcome):
    response = show(begin(client), card)
    assert response.status_code == 403
    assert "biglietto" not in response.content.decode()
    record = LoginRecord.objects.get()
    assert (record.outcome, record.transaction) == (outcome, LoginTransaction.objects.get())


def test_after_a_wrong_card_the_right_one_still_comes_in(client):
    state = begin(client)
    show(state, GOOD.card(policy=""))
    client.post(answer_url("ts-cns"), ticket(show(state)))
    assert signed_in(client)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"HTTP_X_CNS_VERIFIED": "NONE", "HTTP_X_CNS_CERTIFICATE": ""}, "Non abbiamo visto la tessera"),
        ({"HTTP_X_CNS_VERIFIED": "FAILED:certificate revoked"}, "Non abbiamo visto la tessera"),
        ({"HTTP_X_CNS_CERTIFICATE": "%zz"}, "Questa tessera non va bene"),
        ({"HTTP_X_CNS_CERTIFICATE": "A" * 20_000}, "Questa tessera non va bene"),
        ({"HTTP_X_CNS_PROXY": ""}, "La tessera si mostra solo"),
        ({"HTTP_X_CNS_PROXY": SECRET + "x"}, "La tessera si mostra solo"),
        ({"HTTP_HOST": "testserver"}, "La tessera si mostra solo"),
    ],
)
def test_what_nginx_has_not_vouched_for_is_no_card(client, changed, sentence):
    response = show(begin(client), **changed)
    assert response.status_code == 403
    assert sentence in response.content.decode()


def test_without_a_secret_in_the_settings_nobody_is_believed(client, settings):
    settings.CNS_PROXY_SECRET = ""
    assert show(begin(client), HTTP_X_CNS_PROXY="").status_code == 403


def test_the_stub_has_no_host_of_the_cards(client, settings):
    settings.IDENTITY_PROVIDERS = ["portal.demo.identity.StubTsCns"]
    assert show("x").status_code == 404


@pytest.mark.parametrize("state", ["", "x"])
def test_a_card_that_no_login_waits_for_is_refused(state):
    assert show(state).status_code == 400


def test_a_card_shown_when_the_login_is_over_is_refused(client):
    state = begin(client)
    with time_machine.travel(NOON + timedelta(minutes=10), tick=False):
        assert show(state).status_code == 400


# --- the ticket


def refused(client: Client, fields: dict[str, str], outcome: str) -> None:
    assert client.post(answer_url("ts-cns"), fields).status_code == 400
    assert LoginRecord.objects.latest("pk").outcome == outcome


def test_a_ticket_is_good_once(client):
    fields, again = ticket(show(begin(client))), Client()
    again.cookies["accesso"] = client.cookies["accesso"].value
    client.post(answer_url("ts-cns"), fields)
    refused(again, fields, "replayed")
    assert (signed_in(client), signed_in(again)) == (True, False)


def test_a_ticket_is_good_for_sixty_seconds(client):
    early, late = Client(), Client()
    first, second = ticket(show(begin(early))), ticket(show(begin(late)))
    with time_machine.travel(NOON + timedelta(seconds=59), tick=False):
        early.post(answer_url("ts-cns"), first)
    with time_machine.travel(NOON + timedelta(seconds=60), tick=False):
        refused(late, second, "answer-expired")
    assert (signed_in(early), signed_in(late)) == (True, False)


def test_who_shows_a_card_for_somebody_elses_login_lets_nobody_in(client):
    """Attack: Anna opens an attacker's link to the cards' host."""
    attacker, anna = client, Client()
    state = begin(attacker)
    begin(anna)
    fields = ticket(show(state))
    sent = anna.post(answer_url("ts-cns"), fields)
    assert (sent.status_code, "altra parte" in sent.content.decode()) == (400, True)
    refused(attacker, {"stato": state}, "answer-expired")
    assert not signed_in(attacker)
    assert not signed_in(anna)


def test_the_ticket_of_another_login_of_the_same_browser_is_refused(client):
    first, second = begin(client), begin(client)
    brought = ticket(show(first))["biglietto"]
    refused(client, {"stato": second, "biglietto": brought}, "answer-expired")


def test_the_first_ticket_is_worth_nothing_after_a_second_card(client):
    state = begin(client)
    first = ticket(show(state))
    show(state)
    refused(client, first, "answer-expired")


def test_a_ticket_in_the_address_is_not_read(client):
    fields = ticket(show(begin(client)))
    client.get(answer_url("ts-cns"), fields)
    assert not signed_in(client)


# --- configurations that must not start


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CNS_URL", ""), ("CNS_URL", "http://cns.portale.example"), ("CNS_URL", "https://testserver"),
        ("CNS_URL", "https://altro.example"), ("CNS_PROXY_SECRET", "corto"),
    ],
)  # fmt: skip
def test_a_door_for_cards_without_its_host_or_secret_does_not_start(settings, name, value):
    assert system_checks.cards_have_a_host_of_their_own(None) == []
    setattr(settings, name, value)
    assert [fault.id for fault in system_checks.cards_have_a_host_of_their_own(None)] == ["portal.E006"]
