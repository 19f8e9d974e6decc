"""The envelope sender of each letter (VERP): a report that comes back to it says which letter it is about, and cannot be
made up without SECRET_KEY.
"""

import re

from django.conf import settings

from portal.secrets.codes import keyed_hash, same

_LOCAL = re.compile(
    r"b-(?P<letter>\d{1,18})-(?P<mac>[0-9a-f]{24})"
)  # lower case: a server on the way may have folded it
_MAC = 24  # hexadecimal digits, 96 bits


def sender_of(letter: int, plain: str) -> str:
    """`b-1207-9f…@rimbalzi.example.it` for this letter; `plain` when no BOUNCE_DOMAIN is set."""
    if not settings.BOUNCE_DOMAIN:
        return plain
    return f"b-{letter}-{_mac(letter)}@{settings.BOUNCE_DOMAIN}"


def letter_of(address: str) -> int | None:
    """The letter whose envelope sender this is; None when it is not one of ours."""
    local, _, domain = address.strip().strip("<>").lower().rpartition("@")
    found = _LOCAL.fullmatch(local)
    if not settings.BOUNCE_DOMAIN or domain != settings.BOUNCE_DOMAIN.lower() or found is None:
        return None
    letter = int(found["letter"])
    return letter if same(_mac(letter), found["mac"]) else None


def _mac(letter: int) -> str:
    return keyed_hash("bounce", str(letter))[:_MAC]
