"""Authenticates a gestionale: parses HTTP Basic, checks the password of an utenza. Source: docs/contract.md, sections 1 and 4."""

import base64
import binascii
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from unicodedata import normalize

from django.contrib.auth.hashers import make_password

from pharmacies.models import Utenza
from portal.secrets.codes import keyed_hash, same
from portal.web.client_address import known_ip
from sessions.credentials import fingerprint
from sessions.credentials.guesses import guess, many_wrong
from sessions.models import DailyProof, IdSessione
from sessions.models.gate_row import GateRow
from sessions.models.grace import italian_day

_DOOR, _MISTAKE = "a2f-password", "a2f-password-with-id-mistake"
# Two doors where the password comes with a live id; for each, the column of the id that holds its fingerprint.
GATE, SERVICE = "a2f-gate-with-id", "a2f-password-with-id"
_GRACE = "a2f-gate-grace"
_REMEMBERED = {GATE: "fingerprint", SERVICE: "service_fingerprint"}
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # the form that sets a password refuses these too
LONGEST_HEADER = 1024  # characters; a userId has at most 16, a password 128


def parse_basic(header: str | None) -> tuple[str, str] | None:
    """Parses an `Authorization: Basic` header into (userId, password); None when it is absent or malformed. Raises nothing.

    The password may hold colons (RFC 7617). The text is UTF-8, or Windows-1252 as older clients send it (Latin-1 is a part of
    it, but for the control characters: `€` is 0x80). Control characters are refused. The password is normalised (NFC), as sessions.utenze.forms does when it is set.
    """
    if header is None or len(header) > LONGEST_HEADER:
        return None
    scheme, _, encoded = header.strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        raw = base64.b64decode(encoded.strip(), validate=True)
        text = _decoded(raw)
    except (binascii.Error, ValueError):
        return None
    user_id, colon, password = text.partition(":")
    if not colon or not user_id or CONTROL.search(text):
        return None
    return user_id, normalize("NFC", password)


def _decoded(raw: bytes) -> str:
    """The text of these bytes. Raises UnicodeDecodeError for the five bytes that Windows-1252 leaves undefined."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("cp1252")


@dataclass(frozen=True)
class Proved:
    """The utenza whose password was proved together with one of its live ids."""

    utenza: Utenza
    may_be_remembered: bool  # the id's row may store a fingerprint; False while wrong passwords come in


def prove(user_id: str, password: str, client_address: str, now: datetime, *, door: str = _DOOR) -> Utenza | None:
    """Returns the utenza with this userId and password, even when it is disabled or blocked (the caller checks); else None.

    An unknown userId, a wrong password and a password over the rate limit (guesses.guess) all give None.
    The caller must not be inside a transaction.
    """
    utenza, is_right = _known(user_id, password)
    guessed = guess(door, user_id, client_address, now, is_right)
    if utenza is None or not guessed.is_right or not utenza.settle("password", password):
        return None
    return utenza


def prove_with_id(
    row: GateRow, plain: str, password: str, client_address: str, now: datetime, *, door: str = GATE
) -> Proved | None:
    """As prove(), for a call with a live id (`row`, `plain`) and the userId of its utenza. GATE and SERVICE count apart.

    An attacker without an id cannot reach these counts, so no number of wrong passwords stops a till whose id was proved.
    A stolen id (its holder reads the mailbox) must not let its holder test passwords against the stored fingerprint, which
    answers at once and without a limit. From the fifth wrong one within 15 minutes this door's fingerprint is dropped and no
    new one is stored: every check, also of the right password, is a rate-limited slow hash. The other door keeps its own.
    At a familiar place (guesses) the till then pays one slow hash per call and goes on. Elsewhere it is locked out until
    the attack has ended, and 15 minutes at most after that; the pharmacy may revoke the id. The same wrong password sent
    again is not counted: one till with an old password locks nobody out.
    """
    utenza, is_right = _known(row.user_id, password)
    mistake = keyed_hash(_MISTAKE, fingerprint.fingerprint(plain, row.user_id, password, row.password).hex())
    guessed = guess(door, row.user_id, client_address, now, is_right, mistake)
    if guessed.somebody_guesses and getattr(row, _REMEMBERED[door]) is not None:
        IdSessione.objects.filter(pk=row.pk).update(**{_REMEMBERED[door]: None})
    if utenza is None or not guessed.is_right or not utenza.settle("password", password):
        return None
    return Proved(utenza, may_be_remembered=not guessed.somebody_guesses)


def prove_once_a_day(user_id: str, password: str, client_address: str, now: datetime) -> Utenza | None:
    """As prove(), at the gate without a valid id: one slow hash per utenza and Italian day (DailyProof), void with the password.

    The proof answers at once and without a limit, so it must not test passwords: after five wrong ones of this utenza within
    15 minutes, from anywhere, every call passes through the rate limit, which still needs no slow hash for the right one.
    The same wrong password sent again is not counted, as in prove_with_id().
    """
    utenza = Utenza.objects.select_related("pharmacy", "daily_proof").filter(user_id=user_id).first()
    proof = getattr(utenza, "daily_proof", None)
    is_remembered = (
        utenza is not None and proof is not None and same(proof.fingerprint, _of_today(utenza, password, now))
    )
    if is_remembered and not many_wrong(_GRACE, user_id, now):
        return utenza
    stored = utenza.password if utenza else ""
    mistake = keyed_hash(_MISTAKE, json.dumps([_GRACE, user_id, password, stored]))
    is_right = _known(user_id, password)[1]
    guessed = guess(_GRACE, user_id, client_address, now, lambda: is_remembered or is_right(), mistake)
    if utenza is None or not guessed.is_right or not utenza.settle("password", password):
        return None
    if not is_remembered:
        kept = {"day": italian_day(now), "fingerprint": _of_today(utenza, password, now)}
        DailyProof.objects.update_or_create(
            utenza=utenza, defaults={**kept, "client_address": known_ip(client_address)}
        )
    return utenza


def _of_today(utenza: Utenza, password: str, now: datetime) -> str:
    return keyed_hash("a2f-daily-proof", json.dumps([str(italian_day(now)), utenza.user_id, password, utenza.password]))


def _known(user_id: str, password: str) -> tuple[Utenza | None, Callable[[], bool]]:
    """Returns the utenza of this userId, and a function that checks the password against the slow hash."""
    utenza = Utenza.objects.select_related("pharmacy").filter(user_id=user_id).first()

    def is_right() -> bool:
        if utenza is None:
            make_password(password)  # an unknown userId costs as much as a wrong password
            return False
        return utenza.check_password(password)

    return utenza, is_right
