"""Who speaks: HTTP Basic read, and the password of an utenza proved. Source: docs/contract.md, sections 1 and 4."""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from unicodedata import normalize

from django.contrib.auth.hashers import make_password

from pharmacies.models import Utenza
from portal.secrets.codes import keyed_hash
from sessions.credentials import fingerprint
from sessions.credentials.guesses import guess
from sessions.models import IdSessione
from sessions.models.gate_row import Row

_DOOR, _MISTAKE = "a2f-password", "a2f-password-with-id-mistake"
# Two doors where the password comes with a live id, and what the id remembers of it for each.
GATE, SERVICE = "a2f-gate-with-id", "a2f-password-with-id"
_REMEMBERED = {GATE: "fingerprint", SERVICE: "service_fingerprint"}
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # refused in a password too, where it is chosen
LONGEST_HEADER = 1024  # characters: 16 of userId and 128 of password fit many times


def parse_basic(header: str | None) -> tuple[str, str] | None:
    """(userId, password) of an `Authorization: Basic` header; None when it is absent or malformed. Raises nothing.

    The password may hold colons (RFC 7617). UTF-8, or Latin-1 as older clients send. Control characters are refused. An
    accent written in two characters is read as one (NFC), as the password was when it was chosen (sessions.utenze.forms).
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
    if not colon or not user_id or CONTROL.search(text):
        return None
    return user_id, normalize("NFC", password)


@dataclass(frozen=True)
class Proved:
    """The utenza whose password was proved beside one of its live ids."""

    utenza: Utenza
    may_be_remembered: bool  # in the row of the id: not while somebody guesses


def prove(user_id: str, password: str, client_address: str, now: datetime, *, door: str = _DOOR) -> Utenza | None:
    """The utenza whose password this is, even when it is disabled or blocked (the caller answers); else None.

    None for an unknown userId, a wrong password and one that came after too many wrong ones (guesses.guess), alike.
    Not inside a transaction of the caller.
    """
    utenza, is_right = _known(user_id, password)
    return utenza if guess(door, user_id, client_address, now, is_right).is_right else None


def prove_with_id(
    row: Row, plain: str, password: str, client_address: str, now: datetime, *, door: str = GATE
) -> Proved | None:
    """As prove(), for who shows a live id (`row`, `plain`) with the userId of its utenza; counted apart, at GATE and at SERVICE.

    Strangers have no id, so they cannot come here: however many wrong passwords they send, the id that was proved goes on
    at its till. Who has the id and not the password (it reads the mailbox) must not have what remembers the password for
    an oracle, that answers a guess at once and any number of times: from the fifth wrong one within 15 minutes the id
    remembers nothing for this door, and nothing new, so that every proof is a slow one that the counts govern, the right
    password's too. The other door's memory is its own. At a familiar place (guesses) the till pays a slow hash a call and goes on; elsewhere it waits for the attack to
    end and 15 minutes at most, and the pharmacy may revoke the id. The same wrong password again is no other guess: one
    till that was not told the new one stops nobody.
    """
    utenza, is_right = _known(row.user_id, password)
    mistake = keyed_hash(_MISTAKE, fingerprint.fingerprint(plain, row.user_id, password, row.password).hex())
    guessed = guess(door, row.user_id, client_address, now, is_right, mistake)
    if guessed.somebody_guesses and getattr(row, _REMEMBERED[door]) is not None:
        IdSessione.objects.filter(pk=row.pk).update(**{_REMEMBERED[door]: None})
    if utenza is None or not guessed.is_right:
        return None
    return Proved(utenza, may_be_remembered=not guessed.somebody_guesses)


def _known(user_id: str, password: str) -> tuple[Utenza | None, Callable[[], bool]]:
    """The utenza of this userId, and the slow question whether the password is its own."""
    utenza = Utenza.objects.select_related("pharmacy").filter(user_id=user_id).first()

    def is_right() -> bool:
        if utenza is None:
            make_password(password)  # an unknown userId costs as much as a wrong password
            return False
        return utenza.check_password(password)

    return utenza, is_right
