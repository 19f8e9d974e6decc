"""The way in, one step at a time, as a browser takes it: the portal, the stub provider's page, the answer that comes back."""

from datetime import UTC, datetime
from html.parser import HTMLParser

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from portal.demo.identity import envelopes
from portal.demo.people import ANNA


class _HiddenFields(HTMLParser):
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
    return chosen | changed


def answer_of(client: Client, page: str, method: str = "spid", **changed: str) -> dict[str, str]:
    """Chooses on the stub provider's page; returns the fields that "Torna al portale" would send."""
    response = client.post(page, choices(method, **changed))
    assert response.status_code == 200
    parser = _HiddenFields()
    parser.feed(response.content.decode())
    assert set(parser.fields) == {"stato", "risposta"}, "the stub refused the choices"
    return parser.fields


def begin(client: Client, method: str = "spid", next_url: str = "", **changed: str) -> dict[str, str]:
    """Up to the last button: the answer is in hand, and not sent."""
    return answer_of(client, go_to_provider(client, method, next_url), method, **changed)


def enter(client: Client, method: str = "spid", next_url: str = "", **changed: str) -> HttpResponse:
    """The whole way in; returns the portal's response to the answer."""
    return client.post(answer_url(method), begin(client, method, next_url, **changed))


def forged(fields: dict[str, str], method: str = "spid", signer: str | None = None, **claims: object) -> dict[str, str]:
    """The same answer with other claims, signed by the stub provider `signer`: what only a provider could do."""
    content = envelopes.verified(method, fields["risposta"])
    return fields | {"risposta": envelopes.signed(signer or method, content | claims)}


def crafted(state: str, now: datetime, **claims: object) -> dict[str, str]:
    """A well-signed answer for Anna made from nothing."""
    content = {
        "issuer": "spid", "audience": "http://127.0.0.1:8000", "in_response_to": state, "outcome": "ok",
        "issued_at": now.timestamp(), "expires_at": now.timestamp() + 300, "level": 2,
        "fiscal_number": f"TINIT-{ANNA.codice_fiscale}", "given_name": "Anna", "family_name": "Rossi",
        "authenticated_at": datetime.now(UTC).timestamp(),
    }  # fmt: skip
    return {"stato": state, "risposta": envelopes.signed("spid", content | claims)}


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session
