"""Randomly mutated responses: never a login, never a crash."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.identity.models import User
from tests.conftest import ANNA
from tests.identity.door import signed_in
from tests.identity.providers.oidc import forge
from tests.identity.providers.oidc.forge import CapturedLogin, ForgedFederation

pytestmark = pytest.mark.processes  # generated: several seconds for each rule

FEW = settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
MUST_BE_RIGHT = ("iss", "sub", "aud", "nonce", "at_hash")


@pytest.fixture
def ask(world: ForgedFederation) -> Callable[[], CapturedLogin]:
    """Each hypothesis example begins a login of its own in a new browser."""
    return lambda: forge.ask(Client(), world)


def nobody_but_anna(captured: CapturedLogin, **changed: str | None) -> None:
    response = captured.bring(**changed)
    assert response.status_code in (302, 400, 403)
    if signed_in(captured.client):
        assert User.objects.get(pk=captured.client.session["_auth_user_id"]).codice_fiscale == ANNA


def mangled(data: st.DataObject, text: str) -> str:
    """The text with some characters changed, doubled or removed."""
    at = data.draw(st.integers(0, len(text) - 1))
    until = at + data.draw(st.integers(0, 40))
    return text[:at] + data.draw(st.sampled_from(["", text[at:until] * 2]) | st.text(max_size=8)) + text[until:]


@FEW
@given(data=st.data())
def test_a_claim_of_the_id_token_that_is_anything_else_is_refused(ask, data):
    captured = ask()
    claim, value = data.draw(st.sampled_from(MUST_BE_RIGHT)), data.draw(JSON)
    captured.says(token=lambda claims: claims | {claim: value}).refused()


@FEW
@given(data=st.data())
def test_any_claim_of_any_kind_lets_in_nobody_but_its_person(ask, data):
    captured = ask()
    names = st.sampled_from(
        ["exp", "iat", "nbf", "auth_time", "acr", "jti", "azp", "email", "given_name", "family_name"]
    )
    changed: dict[str, Any] = {data.draw(names): data.draw(JSON)}
    where = data.draw(st.sampled_from(["token", "person"]))
    nobody_but_anna(captured.says(**{where: lambda claims: claims | changed}))


@FEW
@given(data=st.data(), which=st.sampled_from(["id_token", "userinfo"]))
def test_a_token_with_some_characters_changed_lets_in_nobody_but_its_person(ask, data, which):
    captured = ask().says()
    tokens = json.loads(captured.world.said["token"].text)
    if which == "id_token":
        captured.says(tokens={"id_token": mangled(data, tokens["id_token"])})
    else:
        captured.says(userinfo=mangled(data, captured.world.said["userinfo"].text))
    nobody_but_anna(captured)


@FEW
@given(tokens=JSON | st.dictionaries(st.sampled_from(["access_token", "id_token", "token_type", "error"]), JSON))
def test_any_answer_in_place_of_the_tokens_is_refused(ask, tokens):
    captured = ask().says()
    captured.world.said["token"] = forge.httpx.Response(200, text=json.dumps(tokens))
    captured.refused()


@FEW
@given(
    body=st.binary(max_size=200),
    status=st.sampled_from([200, 204, 400, 401, 403, 500]),
    which=st.sampled_from(["token", "userinfo"]),
)
def test_any_bytes_in_place_of_an_answer_are_refused(ask, body, status, which):
    captured = ask().says()
    captured.world.said[which] = forge.httpx.Response(status, content=body)
    captured.refused()


@FEW
@given(
    fields=st.fixed_dictionaries(
        {},
        optional={
            name: st.text(max_size=60) for name in ("code", "state", "iss", "error", "response", "session_state")
        },
    ).filter(lambda fields: fields)
)
def test_any_text_in_the_address_is_refused_or_is_the_person(ask, fields):
    nobody_but_anna(ask().says(), **fields)
