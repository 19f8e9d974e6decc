"""Generates the userId and the pincode of an utenza."""

import secrets

from pharmacies.models import Utenza
from portal.secrets.codes import new_code

PINCODE_DIGITS = 10
LETTERS, DIGITS = "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789"  # no I, O, 0, 1: they are read aloud over the telephone


def new_user_id() -> str:
    """A free userId such as `UV386Q5B`: `UV` (for utenza), three digits, a letter, a digit, a letter."""
    while True:
        made = "UV" + "".join(secrets.choice(kind) for kind in (DIGITS, DIGITS, DIGITS, LETTERS, DIGITS, LETTERS))
        if not Utenza.objects.filter(user_id=made).exists():
            return made


def new_pincode() -> str:
    """Ten decimal digits."""
    return new_code(PINCODE_DIGITS)
