"""Stores the till encrypted in a session of its own, so that a login to the portal does not empty it."""

import json
from dataclasses import asdict, replace
from typing import Any

from django.contrib.sessions.backends.db import SessionStore
from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse

from portal.demo.till.client import Till
from portal.secrets.sealing import SealBroken, seal, unseal

COOKIE, PATH = "cassa", "/prova/cassa/"
KEPT_FOR = 16 * 3600  # seconds
_SALT = "portal.demo.till"


def open_drawer(request: HttpRequest) -> Till:
    """Returns the till of this browser; a new one when there is none or it cannot be read."""
    sealed = _store(request).get("till")
    if not sealed:
        return Till()
    try:
        kept: dict[str, Any] = json.loads(unseal(str(sealed).encode()))
        return replace(Till(**kept), codes=tuple(kept["codes"]), purpose=tuple(kept["purpose"]))
    except (SealBroken, ValueError, TypeError, KeyError):
        return Till()


def close_drawer(request: HttpRequest, response: HttpResponse, till: Till) -> HttpResponse:
    """Stores the till and sets the cookie with the session's key."""
    store = _store(request)
    store["till"] = seal(json.dumps(asdict(till)).encode()).decode()
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
