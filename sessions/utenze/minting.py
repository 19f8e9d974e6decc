"""Generates the userId, the password and the pincode of an utenza."""

import secrets

from pharmacies.models import Utenza
from portal.secrets.codes import new_code

PINCODE_DIGITS = 10
PASSWORD_GROUPS = 4
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


def new_password() -> str:
    """A password such as `K7MQ-2XPT-9RDW-H4JF`: 16 letters and digits (79 bits), easy to copy by hand."""
    signs = "".join(secrets.choice(LETTERS + DIGITS) for _ in range(PASSWORD_GROUPS * 4))
    return "-".join(signs[start : start + 4] for start in range(0, len(signs), 4))
