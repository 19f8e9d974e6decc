"""The envelope sender of each letter (VERP): it identifies the letter of a report, and cannot be forged without SECRET_KEY.

sending/ writes it and bounces/ reads it; neither may import the other.
"""

import re

from django.conf import settings

from portal.secrets.codes import keyed_hash, same

# lower case: a server on the way may have folded it
_LOCAL = re.compile(r"b-(?P<letter>\d{1,18})-(?P<mac>[0-9a-f]{24})")
_MAC = 24  # hexadecimal digits, 96 bits


def sender_of(letter: int, plain: str) -> str:
    """`b-1207-9f…@rimbalzi.example.it` for this letter; `plain` when no BOUNCE_DOMAIN is set."""
    if not settings.BOUNCE_DOMAIN:
        return plain
    return f"b-{letter}-{_mac(letter)}@{settings.BOUNCE_DOMAIN}"


def letter_of(address: str) -> int | None:
    """The key of the letter with this envelope sender; None when the portal did not make the address."""
    local, _, domain = address.strip().strip("<>").lower().rpartition("@")
    found = _LOCAL.fullmatch(local)
    if not settings.BOUNCE_DOMAIN or domain != settings.BOUNCE_DOMAIN.lower() or found is None:
        return None
    letter = int(found["letter"])
    return letter if same(_mac(letter), found["mac"]) else None


def _mac(letter: int) -> str:
    return keyed_hash("bounce", str(letter))[:_MAC]
