"""Passes a new secret to the one page that shows it: sealed in the session for a few minutes, and read once."""

from datetime import datetime, timedelta

from django.http import HttpRequest

from portal.secrets.sealing import seal, unseal

KEPT_FOR = timedelta(minutes=5)


def keep(request: HttpRequest, what: str, plain: str, now: datetime) -> None:
    """Stores the secret in the session for KEPT_FOR. `what` names it: `pincode:12`."""
    sealed = seal(plain.encode()).decode("ascii")
    request.session[_key(what)] = {"what": what, "sealed": sealed, "until": (now + KEPT_FOR).timestamp()}


def take(request: HttpRequest, what: str, now: datetime) -> str | None:
    """Returns the secret and removes it; None when it was already taken, has another name, or is too old."""
    kept = request.session.pop(_key(what), None)
    if kept is None or kept["what"] != what or now.timestamp() >= kept["until"]:
        return None
    return unseal(kept["sealed"].encode("ascii")).decode()


def _key(what: str) -> str:
    """One key of the session per kind of secret: a newer one replaces one that was never shown."""
    return f"{what.partition(':')[0]}_once"
