"""Stores the till in a session of its own, so that a login to the portal does not empty it. Sealed as all sessions are."""

from dataclasses import asdict, replace
from typing import Any

from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse

from portal.demo.till.client import Till
from portal.secrets.session_store import SessionStore

COOKIE, PATH = "cassa", "/prova/cassa/"
KEPT_FOR = 16 * 3600  # seconds
_SALT = "portal.demo.till"


def open_drawer(request: HttpRequest) -> Till:
    """Returns the till of this browser; a new one when there is none or it cannot be read."""
    kept: dict[str, Any] = _store(request).get("till") or {}
    try:
        return replace(Till(**kept), codes=tuple(kept["codes"]), purpose=tuple(kept["purpose"]))
    except (TypeError, KeyError):
        return Till()


def close_drawer(request: HttpRequest, response: HttpResponse, till: Till) -> HttpResponse:
    """Stores the till and sets the cookie with the session's key."""
    store = _store(request)
    store["till"] = asdict(till)
    store.set_expiry(KEPT_FOR)
    store.save()
    response.set_signed_cookie(
        COOKIE, store.session_key or "", salt=_SALT, max_age=KEPT_FOR, path=PATH, httponly=True, samesite="Lax"
    )
    return response


def _store(request: HttpRequest) -> SessionStore:
    try:
        return SessionStore(request.get_signed_cookie(COOKIE, salt=_SALT, max_age=KEPT_FOR))
    except (KeyError, BadSignature):
        return SessionStore()
