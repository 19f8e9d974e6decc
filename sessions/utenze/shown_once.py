"""A pincode on its way from the act that made it to the one page that shows it: sealed, minutes at most, then forgotten."""

from datetime import datetime, timedelta

from django.http import HttpRequest

from pharmacies.models import Utenza
from portal.sealing import seal, unseal

_KEPT = "pincode_once"
KEPT_FOR = timedelta(minutes=5)


def keep(request: HttpRequest, utenza: Utenza, pincode: str, now: datetime) -> None:
    """For the next page of this person in this browser."""
    sealed = seal(pincode.encode()).decode("ascii")
    request.session[_KEPT] = {"utenza": utenza.pk, "sealed": sealed, "until": (now + KEPT_FOR).timestamp()}


def take(request: HttpRequest, utenza: Utenza, now: datetime) -> str | None:
    """The pincode, the first time only; None when it was already shown, or is of another utenza, or is too old."""
    kept = request.session.pop(_KEPT, None)
    if kept is None or kept["utenza"] != utenza.pk or now.timestamp() >= kept["until"]:
        return None
    return unseal(kept["sealed"].encode("ascii")).decode()
