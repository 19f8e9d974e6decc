"""Hashes of passwords that other systems made, in the text formats that administrations export. docs/people.md lists them.

A hash is stored with PREFIX before its text, so that no other code takes it for one of the project's own. Formats, checks
and comparisons come from libpass, the maintained fork of passlib.
"""

from functools import cache
from typing import Any

PREFIX = "imported$"
LONGEST = 200  # characters; the longest known kind, SHA-512 of LDAP or crypt, has 137

# The same hash under another beginning: (beginning, what libpass knows).
_SPELLINGS = (
    ("{CRYPT}", ""),
    ("{BCRYPT}", ""),
    ("{PBKDF2-SHA256}", "$pbkdf2-sha256$"),
    ("{PBKDF2-SHA512}", "$pbkdf2-sha512$"),
    ("{PBKDF2}", "$pbkdf2$"),
    ("argon2$argon2", "$argon2"),  # Django
    ("bcrypt$$2", "$2"),  # Django
)
_KINDS = (
    "argon2", "bcrypt", "django_bcrypt_sha256", "pbkdf2_sha256", "pbkdf2_sha512", "pbkdf2_sha1", "django_pbkdf2_sha256",
    "django_pbkdf2_sha1", "ldap_salted_sha512", "ldap_salted_sha256", "ldap_salted_sha1", "sha512_crypt", "sha256_crypt",
)  # fmt: skip
# The most work that one check may cost: about a second of one core. A till waits for it at its first call only, an attacker as
# often as the rate limit lets him guess.
_MOST_ROUNDS = {"argon2": 10, "bcrypt": 14, "django_bcrypt_sha256": 14}
_MOST_ROUNDS_OF_OTHERS = 1_000_000
_MOST_MEMORY = 102_400  # KiB, of Argon2: Django's choice
_BCRYPT_READS = 72  # bytes; every bcrypt of other systems ignores the rest, the library refuses it


class UnknownHash(ValueError):
    """The text is no hash that the portal can check; `str()` says why and does not repeat the text."""


def kept(text: str) -> str:
    """Returns what to store for this hash. Raises UnknownHash."""
    for spelling, known in _SPELLINGS:
        if text.startswith(spelling):
            text = known + text[len(spelling) :]
    kind = _kind_of(text) if len(text) <= LONGEST else None
    if kind is None:
        raise UnknownHash("a hash of an unknown kind")
    _examine(kind, text)
    return PREFIX + text


def is_imported(stored: str) -> bool:
    """True for a hash that kept() returned, which the first right use replaces by the project's own."""
    return stored.startswith(PREFIX)


def matches(plain: str, stored: str) -> bool:
    """Compares a password with a hash that kept() returned. Takes as long as its kind needs: microseconds to a second."""
    text = stored.removeprefix(PREFIX)
    kind = _kind_of(text)
    if kind is None:
        return False
    secret = plain.encode()[:_BCRYPT_READS] if kind == "bcrypt" else plain.encode()
    try:
        return bool(_handler(kind).verify(secret, text))
    except ValueError:  # a password that this kind cannot hash: too long, or with a NUL
        return False


def _examine(kind: str, text: str) -> None:
    try:
        parsed = _handler(kind).from_string(text)
    except ValueError as error:
        raise UnknownHash("a hash that is cut off or damaged") from error
    rounds, memory = getattr(parsed, "rounds", 1), getattr(parsed, "memory_cost", 0)
    if rounds > _MOST_ROUNDS.get(kind, _MOST_ROUNDS_OF_OTHERS) or memory > _MOST_MEMORY:
        raise UnknownHash("a hash that costs too much work to check")
    if parsed.checksum is None:
        raise UnknownHash("a hash that is cut off or damaged")


def _kind_of(text: str) -> str | None:
    return next((kind for kind in _KINDS if _handler(kind).identify(text)), None)


@cache
def _handler(kind: str) -> Any:
    import passlib.hash  # imported late: saves memory where no hash of another system is left

    return getattr(passlib.hash, kind)
