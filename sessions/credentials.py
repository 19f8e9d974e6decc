"""Who speaks: HTTP Basic read, and the password of an utenza proved. Source: A2F contract, sections 1 and 4."""

import base64
import binascii
import re
from datetime import datetime

from django.contrib.auth.hashers import make_password

from pharmacies.models import Utenza
from sessions.guesses import guess

_DOOR, _DOOR_WITH_ID = "a2f-password", "a2f-password-with-id"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
LONGEST_HEADER = 1024  # characters: 16 of userId and 128 of password fit many times


def parse_basic(header: str | None) -> tuple[str, str] | None:
    """(userId, password) of an `Authorization: Basic` header; None when it is absent or malformed. Raises nothing.

    The password may hold colons (RFC 7617). UTF-8, or Latin-1 as older clients send. Control characters are refused.
    """
    if header is None or len(header) > LONGEST_HEADER:
        return None
    scheme, _, encoded = header.strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        raw = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    user_id, colon, password = text.partition(":")
    if not colon or not user_id or _CONTROL.search(text):
        return None
    return user_id, password


def prove(
    user_id: str, password: str, client_address: str, now: datetime, *, with_live_id: bool = False
) -> Utenza | None:
    """The utenza whose password this is, even when it is disabled or blocked (the caller answers); else None.

    None for an unknown userId, a wrong password and one that came after too many wrong ones (guesses.guess), alike.
    Who showed a live id of this utenza is counted apart (`with_live_id`): strangers have none, so they cannot lock out who
    has. Not inside a transaction of the caller.
    """
    utenza = Utenza.objects.select_related("pharmacy").filter(user_id=user_id).first()

    def is_right() -> bool:
        if utenza is None:
            make_password(password)  # an unknown userId costs as much as a wrong password
            return False
        return utenza.check_password(password)

    door = _DOOR_WITH_ID if with_live_id else _DOOR
    return utenza if guess(door, user_id, client_address, now, is_right) else None
