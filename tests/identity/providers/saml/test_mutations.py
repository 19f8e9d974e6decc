"""Randomly mutated responses: never a login, never a crash."""

import base64
from collections.abc import Callable

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from portal.identity.models import User
from portal.identity.providers.saml.names import ds
from tests.conftest import ANNA
from tests.identity.door import signed_in
from tests.identity.providers.saml import forge
from tests.identity.providers.saml.forge import CapturedRequest, Registered

pytestmark = pytest.mark.processes  # generated: several seconds for each rule

FEW = settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
WORDS = st.sampled_from(
    ["", "x", "2.0", ANNA, "https://beta.example", "2026-11-23T10:00:00Z", "_x", "TINIT-", "\U0001f512"]
)


@pytest.fixture
def ask(alfa: Registered) -> Callable[[], CapturedRequest]:
    """Each hypothesis example begins a login of its own in a new browser."""
    return lambda: forge.ask(Client(), alfa)


def signed_parts(response: etree._Element) -> list[etree._Element]:
    """Every element that the Response's signature covers: all but the signature itself."""
    outside = set(response.find(ds("Signature")).iter())
    return [element for element in response.iter() if element not in outside]


def remove(element: etree._Element) -> None:
    if element.getparent() is not None:
        element.getparent().remove(element)
    else:
        element.clear()


def double(element: etree._Element) -> None:
    copy = etree.fromstring(etree.tostring(element, with_tail=False))
    (element.addnext if element.getparent() is not None else element.append)(copy)


def rename(element: etree._Element) -> None:
    element.tag = f"{{{etree.QName(element).namespace}}}Altro"


def empty(element: etree._Element) -> None:
    element.append(etree.Element("altro"))


@FEW
@given(data=st.data())
def test_an_answer_with_one_signed_thing_changed_is_always_refused(ask, data):
    captured = ask()
    response = captured.signed()
    element = data.draw(st.sampled_from(signed_parts(response)))
    change = data.draw(st.sampled_from(["text", "attribute", "new", remove, double, rename, empty]))
    if change == "text":
        element.text = (element.text or "") + data.draw(WORDS.filter(bool))
    elif change == "attribute" and element.attrib:
        name = data.draw(st.sampled_from(sorted(element.attrib)))
        element.set(name, data.draw(WORDS.filter(lambda word: word != element.get(name))))
    elif callable(change):
        change(element)
    else:
        element.set("altro", data.draw(WORDS))
    captured.refused(response)


@FEW
@given(data=st.data())
def test_an_answer_with_some_bytes_changed_lets_in_nobody_but_its_person(ask, data):
    """Unsigned bytes (the certificate inside the signature) may change: the login is still Anna's."""
    captured = ask()
    body = bytearray(etree.tostring(captured.signed()))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(body) - 1))
        until = at + data.draw(st.integers(0, 40))
        body[at:until] = data.draw(st.sampled_from([bytes(body[at:until]) * 2, b""]) | st.binary(max_size=8))
    response = captured.send(bytes(body))
    assert response.status_code in (302, 400, 403)
    if signed_in(captured.client):
        assert User.objects.get(pk=captured.client.session["_auth_user_id"]).codice_fiscale == ANNA


@FEW
@given(field=st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: base64.b64encode(raw).decode()))
def test_any_text_in_place_of_an_answer_is_refused(ask, field):
    captured = ask()
    response = captured.client.post(captured.door, {"SAMLResponse": field, "RelayState": captured.state})
    assert response.status_code in (400, 403)
    assert not signed_in(captured.client)
