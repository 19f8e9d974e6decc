"""A gestionale's request to the gate, and the reply."""

from base64 import b64encode
from typing import NamedTuple

from django.test import Client

GATE = "/a2f/gate"
USUAL = {"contesto": "RICETTA-DEM", "applicazione": "EROGATORE"}
UNKNOWN = "00000000-0000-4000-8000-000000000000"


class GateReply(NamedTuple):
    """204, 401, or 403 with the reason."""

    status: int
    reason: str | None = None


PASSED, BASIC_REFUSED = GateReply(204), GateReply(401)


def refused(reason: str) -> GateReply:
    return GateReply(403, reason)


def basic(user_id: str = "UVANNA01", password: str = "SALVE") -> str:
    return "Basic " + b64encode(f"{user_id}:{password}".encode()).decode()


def knock(plain: str | None, authorization: str | None = basic(), *, parameters=USUAL, method="get", **headers: str):
    """The gate's response. `headers`: additional headers, which replace Authorization2F when they carry the id."""
    sent = dict(headers)
    if plain is not None:
        sent["Authorization2F"] = f"Bearer {plain}"
    if authorization is not None:
        sent["Authorization"] = authorization
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    return getattr(Client(), method)(f"{GATE}?{query}", headers=sent)


def reply_of(*args, **kwargs) -> GateReply:
    response = knock(*args, **kwargs)
    assert response.headers.get("Cache-Control") == (None if response.status_code == 204 else "no-store")
    assert not response.content
    assert not response.cookies
    assert response.headers.get("X-A2F-Error") == ("9101" if response.status_code == 403 else None)
    return GateReply(response.status_code, response.headers.get("X-A2F-Reason"))
