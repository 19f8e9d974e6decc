"""Responses that a browser, a stranger or another provider could send: none of them signs anybody in."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from portal.identity.models import LoginRecord, LoginTransaction
from tests.identity.door import signed_in
from tests.identity.providers.oidc import forge
from tests.identity.providers.oidc.forge import CapturedLogin


def outcome() -> str:
    return LoginRecord.objects.order_by("-pk").first().outcome


# --- the redirect back: state, browser, single use


def test_another_state(captured):
    assert "risposta inattesa" in captured.says().refused(state="0" * 64).content.decode()
    assert captured.world.forms == [], "nobody is asked anything for a stranger"


def test_no_state(captured):
    captured.says().refused(state=None)


def test_another_browser(captured):
    captured.says()
    stranger = Client()
    forge.ask(stranger, captured.world)
    page = CapturedLogin(stranger, captured.request, captured.query, captured.world).refused().content.decode()
    assert "altro browser" in page
    assert captured.world.forms == []


def test_the_same_way_back_twice(captured):
    browser = captured.client.cookies["accesso"].value
    captured.says().accepted()
    again = Client()
    again.cookies["accesso"] = browser
    CapturedLogin(again, captured.request, captured.query, captured.world).refused()
    assert outcome() == "replayed"
    assert [name for name, _ in captured.world.forms] == ["token", "revocation"], "the code is changed once"


def test_after_ten_minutes(captured):
    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
        captured.says().refused()
    assert outcome() == "expired"


def test_by_post(captured):
    captured.says()
    fields = {"code": forge.CODE, "state": captured.request["state"], "iss": forge.OP}
    assert captured.client.post("/accesso/cie/ritorno/", fields).status_code == 400
    assert not signed_in(captured.client)


@pytest.mark.parametrize("variant", ["/accesso/cie/ritorno", "/accesso/cie/ritorno/x/", "/accesso/cie-oidc/ritorno/"])
def test_another_address_than_the_registered_one_takes_no_answer(captured, variant):
    captured.says()
    fields = {"code": forge.CODE, "state": captured.request["state"], "iss": forge.OP}
    assert captured.client.get(variant, fields).status_code in (301, 404)
    assert LoginTransaction.objects.get().consumed_at is None


def test_the_answer_of_a_saml_login_by_this_door(client, world):
    """And the reverse: each login accepts a response only from its own provider and protocol."""
    fields = {"RelayState": forge.ask(client, world).request["state"], "SAMLResponse": "PHg+"}
    assert client.post("/accesso/cie/ritorno/", fields).status_code == 400
    assert client.post("/accesso/spid/ritorno/", fields).status_code == 400


# --- mix-up: the response must come from the provider that got the request


@pytest.mark.parametrize("issuer", [None, "", "https://altro.example", f"{forge.OP}/", forge.OP.upper()])
def test_an_answer_of_another_issuer_or_of_nobody(captured, issuer):
    captured.says().refused(iss=issuer)
    assert outcome() == "not-asked"
    assert captured.world.forms == [], "the code goes to nobody"


def test_the_provider_is_no_longer_in_the_federation(captured, settings):
    settings.OIDC_PROVIDER = "https://un-altro.example"
    captured.says().refused()
    assert outcome() == "not-asked"


@pytest.mark.parametrize("code", [None, "", "x" * 5000, "codice\n", "codicé"])
def test_a_code_that_is_none(captured, code):
    captured.says().refused(code=code)
    assert outcome() == "malformed"
