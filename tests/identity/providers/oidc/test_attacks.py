"""Responses that a browser, a stranger or another provider could send: none of them signs anybody in."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from portal.identity.models import LoginRecord, LoginTransaction
from tests.identity.door import signed_in
from tests.identity.providers.oidc import forge
from tests.identity.providers.oidc.forge import Asked


def outcome() -> str:
    return LoginRecord.objects.order_by("-pk").first().outcome


# --- the redirect back: state, browser, single use


def test_another_state(asked):
    assert "risposta inattesa" in asked.says().refused(state="0" * 64).content.decode()
    assert asked.world.forms == [], "nobody is asked anything for a stranger"


def test_no_state(asked):
    asked.says().refused(state=None)


def test_another_browser(asked):
    asked.says()
    stranger = Client()
    forge.ask(stranger, asked.world)
    page = Asked(stranger, asked.request, asked.query, asked.world).refused().content.decode()
    assert "altro browser" in page
    assert asked.world.forms == []


def test_the_same_way_back_twice(asked):
    browser = asked.client.cookies["accesso"].value
    asked.says().accepted()
    again = Client()
    again.cookies["accesso"] = browser
    Asked(again, asked.request, asked.query, asked.world).refused()
    assert outcome() == "replayed"
    assert [name for name, _ in asked.world.forms] == ["token", "revocation"], "the code is changed once"


def test_after_ten_minutes(asked):
    with time_machine.travel(timezone.now() + timedelta(minutes=11), tick=False):
        asked.says().refused()
    assert outcome() == "expired"


def test_by_post(asked):
    asked.says()
    fields = {"code": forge.CODE, "state": asked.request["state"], "iss": forge.OP}
    assert asked.client.post("/accesso/cie/ritorno/", fields).status_code == 400
    assert not signed_in(asked.client)


@pytest.mark.parametrize("variant", ["/accesso/cie/ritorno", "/accesso/cie/ritorno/x/", "/accesso/cie-oidc/ritorno/"])
def test_another_address_than_the_registered_one_takes_no_answer(asked, variant):
    asked.says()
    fields = {"code": forge.CODE, "state": asked.request["state"], "iss": forge.OP}
    assert asked.client.get(variant, fields).status_code in (301, 404)
    assert LoginTransaction.objects.get().consumed_at is None


def test_the_answer_of_a_saml_login_by_this_door(client, world):
    """And the reverse: each login accepts a response only from its own provider and protocol."""
    fields = {"RelayState": forge.ask(client, world).request["state"], "SAMLResponse": "PHg+"}
    assert client.post("/accesso/cie/ritorno/", fields).status_code == 400
    assert client.post("/accesso/spid/ritorno/", fields).status_code == 400


# --- mix-up: the response must come from the provider that got the request


@pytest.mark.parametrize("issuer", [None, "", "https://altro.example", f"{forge.OP}/", forge.OP.upper()])
def test_an_answer_of_another_issuer_or_of_nobody(asked, issuer):
    asked.says().refused(iss=issuer)
    assert outcome() == "not-asked"
    assert asked.world.forms == [], "the code goes to nobody"


def test_the_provider_is_no_longer_in_the_federation(asked, settings):
    settings.OIDC_PROVIDER = "https://un-altro.example"
    asked.says().refused()
    assert outcome() == "not-asked"


@pytest.mark.parametrize("code", [None, "", "x" * 5000, "codice\n", "codicé"])
def test_a_code_that_is_none(asked, code):
    asked.says().refused(code=code)
    assert outcome() == "malformed"
