"""Short codes that a person types: drawn from the system's randomness, stored only as a keyed hash."""

import hmac
import re
import secrets
from hashlib import sha256

from django.conf import settings
from django.utils.crypto import salted_hmac

from portal.values.pasted import plain_text

_SEPARATORS = re.compile(r"[\s\-.·]+")


def new_code(digits: int) -> str:
    """A uniformly random code of this many decimal digits, leading zeros included."""
    return f"{secrets.randbelow(10**digits):0{digits}d}"


def without_separators(typed: str) -> str:
    """Removes the spaces, dashes and dots that people and mail programs add to a code with letters.

    For codes of digits see values/pasted.py, codes_in().
    """
    return _SEPARATORS.sub("", plain_text(typed))


def keyed_hash(purpose: str, value: str) -> str:
    """HMAC-SHA256 (hexadecimal) under a key derived from SECRET_KEY for this purpose: a stolen database alone does not help."""
    return salted_hmac(purpose, value, algorithm="sha256", secret=settings.SECRET_KEY).hexdigest()


def account_in_short(username: str) -> str:
    """Ten digits that name an account in the log, the same every time: nobody reads the account from them."""
    return account_hash(username)[:10]


def account_hash(username: str) -> str:
    """The keyed hash (hexadecimal) under which an account is counted and searched, whatever its capitals."""
    return keyed_hash("login-staff", username.strip().casefold())


def same(left: str, right: str) -> bool:
    """Constant-time comparison."""
    return hmac.compare_digest(left.encode(), right.encode())


def digest(value: str) -> bytes:
    """Unkeyed SHA-256: enough for values of 122 random bits or more (docs/contract.md, section 5)."""
    return sha256(value.encode()).digest()
