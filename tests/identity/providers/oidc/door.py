"""The login by OpenID Connect through the stub, step by step, as a browser does it."""

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from portal.demo.identity import openid_desk
from tests.identity.door import HiddenFields, answer_url


def go_to_provider(client: Client, next_url: str = "") -> str:
    """Presses "Carta di prova, con OpenID Connect" and returns the address of the stub's page."""
    choice = {"gestore": openid_desk.provider_id(), "next": next_url}
    response = client.post(reverse("identity:start", args=["cie"]), choice)
    assert response.status_code == 302
    return response["Location"]


def answer_of(client: Client, page: str, **changed: str) -> dict[str, str]:
    """Chooses on the stub's page; returns the parameters that "Torna al portale" would send."""
    chosen = {"persona": "anna", "esito": "ok", "livello": "2", "difetto": ""} | changed
    response = client.post(page, chosen)
    assert response.status_code == 200
    parser = HiddenFields()
    parser.feed(response.content.decode())
    assert {"state", "iss"} < set(parser.fields), "the stub refused the choices"
    return parser.fields


def begin(client: Client, next_url: str = "", **changed: str) -> dict[str, str]:
    """Runs the login up to the last button: the response is ready, not sent."""
    return answer_of(client, go_to_provider(client, next_url), **changed)


def bring(client: Client, fields: dict[str, str]) -> HttpResponse:
    return client.get(answer_url("cie"), fields)


def enter(client: Client, next_url: str = "", **changed: str) -> HttpResponse:
    """Runs the whole login; returns the portal's reply."""
    return bring(client, begin(client, next_url, **changed))
