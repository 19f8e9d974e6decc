"""The login step by step, as a browser does it: the portal, the stub provider's page, the response that comes back."""

import base64
from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import etree

from portal.demo.identity import answers, saml_desk
from portal.demo.identity.answers import StubSamlAnswer
from portal.demo.identity.saml_desk import StubQuestion
from portal.demo.people import ANNA


class HiddenFields(HTMLParser):
    """Collects the hidden fields of a form."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "input" and named.get("type") == "hidden":
            self.fields[named["name"] or ""] = named["value"] or ""


def answer_url(method: str = "spid") -> str:
    return reverse("identity:answer", args=[method])


def go_to_provider(client: Client, method: str = "spid", next_url: str = "") -> str:
    """Presses "Entra con ..." and returns the address of the stub provider's page."""
    response = client.post(reverse("identity:start", args=[method]), {"next": next_url})
    assert response.status_code == 302
    return response["Location"]


def choices(method: str = "spid", **changed: str) -> dict[str, str]:
    chosen = {"persona": "anna", "esito": "ok"}
    if method == "spid":
        chosen["gestore"] = "ChiaveCerta"
    if method != "ts-cns":
        chosen["livello"] = "2"
        chosen["difetto"] = ""
    return chosen | changed


def answer_of(client: Client, page: str, method: str = "spid", **changed: str) -> dict[str, str]:
    """Chooses on the stub provider's page; returns the fields that "Torna al portale" would send."""
    response = client.post(page, choices(method, **changed))
    assert response.status_code == 200
    parser = HiddenFields()
    parser.feed(response.content.decode())
    fields = {"stato", "risposta"} if method == "ts-cns" else {"RelayState", "SAMLResponse"}
    assert set(parser.fields) == fields, "the stub refused the choices"
    return parser.fields


def begin(client: Client, method: str = "spid", next_url: str = "", **changed: str) -> dict[str, str]:
    """Runs the login up to the last button: the response is ready, not posted."""
    return answer_of(client, go_to_provider(client, method, next_url), method, **changed)


def enter(client: Client, method: str = "spid", next_url: str = "", **changed: str) -> HttpResponse:
    """Runs the whole login; returns the portal's reply to the provider's response."""
    return client.post(answer_url(method), begin(client, method, next_url, **changed))


def document(fields: dict[str, str]) -> etree._Element:
    """The Response in the fields."""
    return etree.fromstring(base64.b64decode(fields["SAMLResponse"]))


def packed(fields: dict[str, str], response: etree._Element | bytes) -> dict[str, str]:
    """The same fields with another Response document."""
    body = response if isinstance(response, bytes) else etree.tostring(response)
    return fields | {"SAMLResponse": base64.b64encode(body).decode()}


def right_answer(fields: dict[str, str], method: str = "spid", now: datetime | None = None) -> StubSamlAnswer:
    """The stub's correct response for Anna to the same request; change it with `replace`."""
    question = StubQuestion(fields["RelayState"], document(fields).get("InResponseTo", ""))
    anna = {
        "given_name": "Anna", "family_name": "Rossi", "fiscal_number": f"TINIT-{ANNA.codice_fiscale}", "level": 2,
    }  # fmt: skip
    return saml_desk.answer(method, question, anna, "ok", now or timezone.now())


def forged(
    fields: dict[str, str], method: str = "spid", signer: str | None = None, **changed: object
) -> dict[str, str]:
    """A response to the same request with other contents, signed by the stub `signer`: only a provider could make it."""
    answer = replace(right_answer(fields, method), **changed)
    return packed(fields, answers.signed(answer, saml_desk.key_of(signer or method)))


def attributes(**changed: str) -> dict[str, str]:
    """Anna's attributes with changes."""
    return {"name": "Anna", "familyName": "Rossi", "fiscalNumber": f"TINIT-{ANNA.codice_fiscale}"} | changed


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session
