"""A secret on its way from the act that made it to the one page that shows it: sealed, minutes at most, then forgotten."""

from datetime import datetime, timedelta

from django.http import HttpRequest

from portal.secrets.sealing import seal, unseal

KEPT_FOR = timedelta(minutes=5)


def keep(request: HttpRequest, what: str, plain: str, now: datetime) -> None:
    """For the next page of this person in this browser. `what` names the secret: `pincode:12`."""
    sealed = seal(plain.encode()).decode("ascii")
    request.session[_key(what)] = {"what": what, "sealed": sealed, "until": (now + KEPT_FOR).timestamp()}


def take(request: HttpRequest, what: str, now: datetime) -> str | None:
    """The secret, the first time only; None when it was already shown, or is another, or is too old."""
    kept = request.session.pop(_key(what), None)
    if kept is None or kept["what"] != what or now.timestamp() >= kept["until"]:
        return None
    return unseal(kept["sealed"].encode("ascii")).decode()


def _key(what: str) -> str:
    """One place for each kind: a newer secret takes the place of the one nobody looked at."""
    return f"{what.partition(':')[0]}_once"
