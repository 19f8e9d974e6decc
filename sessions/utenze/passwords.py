"""The password policy of an utenza: length and a list of leaked passwords, no composition rules. Source: NIST SP 800-63B, 5.1.1.2."""

import re
from functools import lru_cache

from django.contrib.auth.password_validation import CommonPasswordValidator

from sessions.credentials.password_proof import CONTROL

SHORTEST, LONGEST = 12, 128  # characters, of any kind
_EDGES = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_RUNS = (
    "abcdefghijklmnopqrstuvwxyz" * 2,
    "01234567890123456789",
    "qwertyuiopasdfghjklzxcvbnm",
    "qazwsxedcrfvtgbyhnujmikolp",
)


class WeakPassword(ValueError):
    """La password non va bene."""


def examine(password: str, words: list[str]) -> None:
    """Raises WeakPassword with the reason as a sentence. `words`: guesses that an attacker tries first (userId, pharmacy name)."""
    if CONTROL.search(password):
        raise WeakPassword(
            "La password contiene un carattere che non si vede, come una tabulazione: il gestionale non potrebbe inviarla"
        )
    if len(password) < SHORTEST:
        raise WeakPassword(
            f"La password è troppo corta: servono almeno {SHORTEST} caratteri, ne hai scritti {len(password)}"
        )
    if len(password) > LONGEST:
        raise WeakPassword(f"La password è troppo lunga: al massimo {LONGEST} caratteri")
    folded = password.casefold()
    if len(set(folded)) < 4 or any(_is_a_run(folded, run) for run in _RUNS):
        raise WeakPassword("Questa password si indovina subito: è una sequenza o ripete pochi caratteri")
    if any(_is_made_of(folded, word.casefold()) for word in words):
        raise WeakPassword("La password non può essere lo userId, il nome della %(noun)s o quello del portale")
    if _leaked(folded):
        raise WeakPassword("Questa password è tra quelle già rubate e pubblicate: scegline un’altra")


def _leaked(folded: str) -> bool:
    """Whether the list of leaked passwords has it as it is, halved when doubled, or without digits and signs at its ends."""
    core = _EDGES.sub("", folded)
    half = folded[: len(folded) // 2]
    doubled = half * 2 == folded and half in _list()
    return doubled or folded.strip() in _list() or (2 * len(core) >= len(folded) and core in _list())


def _is_a_run(folded: str, run: str) -> bool:
    return folded in run or folded[::-1] in run


def _is_made_of(folded: str, word: str) -> bool:
    """Whether the word, without spaces, makes up at least half of the password."""
    plain, password = "".join(word.split()), "".join(folded.split())
    return len(plain) >= 4 and plain in password and 2 * len(plain) >= len(password)


@lru_cache(maxsize=1)
def _list() -> frozenset[str]:
    """The twenty thousand leaked passwords that Django ships."""
    return frozenset(CommonPasswordValidator().passwords)
