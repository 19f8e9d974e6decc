"""Logout requests from a provider: accepted when signed; nobody else can end a person's session."""

import base64
import zlib
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from lxml import etree

from portal.identity.providers.saml import signing
from portal.identity.providers.saml.names import (
    ASSERTION,
    METADATA,
    PROTOCOL,
    REDIRECT,
    RSA_SHA256,
    SUCCESS,
    TRANSIENT,
    child,
    md,
    saml,
    samlp,
)  # fmt: skip
from tests.identity.door import signed_in
from tests.identity.providers.saml import forge

OUT = "/accesso/spid/uscita/"


@pytest.fixture
def inside(captured, settings, alfa):
    """Anna is signed in with Alfa, whose metadata name the address for our LogoutResponse."""
    file = settings.IDENTITY_METADATA / "spid" / "alfa.xml"
    root = etree.fromstring(file.read_bytes())
    service = etree.Element(md("SingleLogoutService"), Binding=REDIRECT, Location=f"{alfa.entity_id}/esci")
    role = root.find(f"{{{METADATA}}}IDPSSODescriptor")
    role.insert(len(role) - 1, service)
    file.write_bytes(etree.tostring(root))
    captured.accepted(captured.signed(name_id="_chi", session_index="_1"))
    return captured.client


def said(issuer: str, who: str = "_chi", sessions: tuple[str, ...] = (), **changed: str) -> etree._Element:
    at = changed.pop("at", "") or datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    attributes = {"ID": "_uscita", "Version": "2.0", "IssueInstant": at, "Destination": f"http://127.0.0.1:8000{OUT}"}
    root = etree.Element(samlp("LogoutRequest"), attributes | changed, nsmap={"samlp": PROTOCOL, "saml": ASSERTION})
    child(root, saml("Issuer"), issuer)
    child(root, saml("NameID"), who, Format=TRANSIENT)
    for session in sessions:
        child(root, samlp("SessionIndex"), session)
    return root


def query(root: etree._Element, pair) -> str:
    packed = base64.b64encode(zlib.compress(etree.tostring(root), wbits=-15)).decode()
    text = urlencode({"SAMLRequest": packed, "RelayState": "abc", "SigAlg": RSA_SHA256})
    return f"{text}&{urlencode({'Signature': signing.sign_query(text, pair)})}"


def posted(root: etree._Element, pair) -> dict[str, str]:
    document = signing.sign(root, pair, after=saml("Issuer"))
    return {"SAMLRequest": base64.b64encode(etree.tostring(document)).decode(), "RelayState": "abc"}


def test_a_signed_request_closes_the_session_and_is_answered_with_a_signed_done(inside, alfa) -> None:
    response = inside.get(f"{OUT}?{query(said(alfa.entity_id), alfa.pair)}")
    assert not signed_in(inside)
    address = urlsplit(response["Location"])
    assert response["Location"].startswith("https://alfa.example/esci?")
    answer = parse_qs(address.query)
    root = etree.fromstring(zlib.decompress(base64.b64decode(answer["SAMLResponse"][0]), wbits=-15))
    assert (root.get("InResponseTo"), answer["RelayState"]) == ("_uscita", ["abc"])
    assert root.find(f".//{samlp('StatusCode')}").get("Value") == SUCCESS
    ours = forge.pair("portale").certificate
    assert signing.query_is_signed(address.query.partition("&Signature=")[0], answer["Signature"][0], [ours])


def test_a_request_by_post_comes_again_with_the_cookies_of_the_portal(inside, alfa) -> None:
    response = inside.post(OUT, posted(said(alfa.entity_id), alfa.pair))
    assert response.status_code == 303
    assert inside.get(response["Location"])["Location"].startswith("https://alfa.example/esci?")
    assert not signed_in(inside)


def old(minutes: int) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


FORGED = {
    "by a stranger in its name": lambda alfa, beta: (said(alfa.entity_id), forge.pair("mallory")),
    "by another provider in its name": lambda alfa, beta: (said(alfa.entity_id), beta.pair),
    "by nobody that is loaded": lambda alfa, beta: (said("https://mallory.example"), forge.pair("mallory")),
    "for another address": lambda alfa, beta: (said(alfa.entity_id, Destination="https://altro.example"), alfa.pair),
    "of ten minutes ago": lambda alfa, beta: (said(alfa.entity_id, at=old(10)), alfa.pair),
    "of the future": lambda alfa, beta: (said(alfa.entity_id, at=old(-10)), alfa.pair),
    "already over": lambda alfa, beta: (said(alfa.entity_id, NotOnOrAfter=old(1)), alfa.pair),
}


@pytest.mark.parametrize("how", list(FORGED))
def test_a_forged_or_old_request_closes_nothing(how, inside, alfa, beta) -> None:
    root, pair = FORGED[how](alfa, beta)
    assert inside.get(f"{OUT}?{query(root, pair)}").status_code == 400
    assert inside.post(OUT, posted(root, pair)).status_code == 400
    assert signed_in(inside)


def test_an_unsigned_request_closes_nothing(inside, alfa) -> None:
    bare = base64.b64encode(etree.tostring(said(alfa.entity_id))).decode()
    assert inside.post(OUT, {"SAMLRequest": bare}).status_code == 400
    signed = query(said(alfa.entity_id), alfa.pair)
    assert inside.get(f"{OUT}?{signed.partition('&SigAlg')[0]}").status_code == 400
    assert inside.get(f"{OUT}?{signed}&RelayState=altro").status_code == 400
    assert signed_in(inside)


@pytest.mark.parametrize("name", ["SAMLRequest", "SAML%52equest", "%53AMLRequest", "SAMLRequest%00", "Altro"])
def test_a_second_document_beside_a_signed_one_closes_nothing(name, inside, alfa) -> None:
    signed = query(said(alfa.entity_id, at=old(10)), alfa.pair)
    forged = query(said(alfa.entity_id, ID="_forged"), alfa.pair).partition("&")[0].partition("=")[2]
    for text in (f"{signed}&{name}={forged}", f"{name}={forged}&{signed}"):
        assert inside.get(f"{OUT}?{text}").status_code == 400
    assert signed_in(inside)


@pytest.mark.parametrize("junk", ["", "SAMLRequest=x", "SAMLRequest=eA%3D%3D", "creduta=x", "creduta=x:y:z"])
def test_rubbish_is_refused_and_breaks_nothing(junk, inside) -> None:
    assert inside.get(f"{OUT}?{junk}").status_code == 400
    assert inside.post(OUT, dict(part.split("=", 1) for part in junk.split("&") if part)).status_code == 400
    assert signed_in(inside)


@pytest.mark.parametrize("sessions", [(), ("_1",), ("_0", "_1")])
def test_a_request_closes_the_session_that_it_names_or_all_of_the_person(sessions, inside, alfa) -> None:
    inside.get(f"{OUT}?{query(said(alfa.entity_id, sessions=sessions), alfa.pair)}")
    assert not signed_in(inside)


@pytest.mark.parametrize(("who", "sessions"), [("_un_altro", ()), ("_un_altro", ("_1",)), ("_chi", ("_2",))])
def test_another_person_or_session_of_the_same_provider_is_not_closed_here(who, sessions, inside, alfa) -> None:
    root = said(alfa.entity_id, who, sessions)
    assert inside.get(f"{OUT}?{query(root, alfa.pair)}").status_code == 302
    again = inside.post(OUT, posted(root, alfa.pair))
    assert inside.get(again["Location"]).status_code == 302
    assert signed_in(inside)


def test_a_request_that_names_nobody_is_refused(inside, alfa) -> None:
    root = said(alfa.entity_id)
    root.remove(root.find(saml("NameID")))
    assert inside.get(f"{OUT}?{query(root, alfa.pair)}").status_code == 400
    assert signed_in(inside)


def test_a_request_seen_again_does_not_close_the_next_session(inside, alfa) -> None:
    text = query(said(alfa.entity_id), alfa.pair)
    inside.get(f"{OUT}?{text}")
    again = forge.ask(inside, alfa)
    again.accepted(again.signed())
    inside.get(f"{OUT}?{text}")
    assert signed_in(inside)


def test_another_provider_does_not_close_a_session_that_it_did_not_open(inside, beta) -> None:
    response = inside.get(f"{OUT}?{query(said(beta.entity_id), beta.pair)}")
    assert response.status_code == 302
    assert signed_in(inside)
