"""The pincode: encrypted by the client with our certificate, deciphered here, compared with its slow hash.

Source: docs/contract.md, sections 2, 4 and 8.
"""

import base64
import binascii
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from django.conf import settings

from pharmacies.models import Utenza
from sessions.credentials import certificates, fingerprint
from sessions.credentials.guesses import guess
from sessions.models import IdSessione

_DOOR = "a2f-pincode"
_NOISE = "noise"  # no pincode: it is compared like any wrong one, on the same path
SHORTEST, LONGEST = 4, 16  # digits of a pincode; the official ones have 10. Noise as short as one digit is not rare.


class Outcome(Enum):
    OK = 0
    MALFORMED = 301
    WRONG = 302


@dataclass(frozen=True)
class Proof:
    """What a live id of this utenza says about an earlier proof: no slow hash when it matches."""

    plain_id: str = field(repr=False)
    pk: int  # of its row
    pincode_fingerprint: bytes | memoryview | None = field(repr=False)  # of the row, as is the next
    ciphertext_fingerprint: bytes | memoryview | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Examined:
    """The outcome and, when OK, the pincode in clear and what it came in: for the fingerprints in a new id's row, kept nowhere.

    Both are empty when the proof knew the ciphertext: it was not deciphered.
    """

    outcome: Outcome
    pincode: str = field(default="", repr=False)
    ciphertext: str = field(default="", repr=False)


# The manual's own requests, made with a key that is not ours: TEST mode knows what they say (docs/contract.md, section 8).
PRINTED = {
    "UV386Q5B": (
        "V32MgmSgqebDBi+KCAwlDHCq4QsmCjK/OBtkRyMjbzoFQpFBKmS16dY7r98k4LaC3UT7h7oL0dKZbLsuOmFj/F8+oC0DRcBQdTZPGsbkb+vF"
        "rY1G0Y9NGDxJMrYMeEt2yeG9UuzUt7ouLW9A+iw91HyxOoZtZ73J+HK33bKu6cc=",
        "1729594276",
    ),
    "PROVAX00X00X000Y": (
        "LsQiYtf7FcpMYVKvf+51V6t1BSUk+E/dGOB2vmwNl0DhirZ8QzvTI2Ay04p6+t+eH+DjzkJpXrlEEZvKRz6wKVNOt7uYSQUYKBIFcbcEQJnq"
        "T7zTgtz7jV3BK+QaEphfKRsOP1Iejv+vKvJ/3te2xNMHPkNYZIAjxEQHftw9Swk=",
        "1234567890",
    ),
}


def check(utenza: Utenza, valore: str, now: datetime, proof: Proof | None = None, client_address: str = "") -> Outcome:
    """Whether `valore` (base64) holds the pincode of this utenza. With a `proof` that fits, no slow hash is paid."""
    return examine(utenza, valore, now, proof, client_address).outcome


def examine(
    utenza: Utenza, valore: str, now: datetime, proof: Proof | None = None, client_address: str = ""
) -> Examined:
    """As check(), with the pincode: `create` leaves its fingerprint in the new row.

    A padding that is wrong deciphers to noise (certificates.decipher), and noise is a wrong pincode: no difference is
    left for who asks, and every wrong one pays exactly one slow hash, or none after too many of them (guesses.guess). Not
    inside a transaction of the caller.
    """
    text = "".join(valore.split())
    if proof and _is_known(proof, utenza, text):
        return Examined(Outcome.OK)
    vouched = proof and _vouched(proof, utenza, _pincodes(utenza, text, now, remembered=True))
    if vouched:
        return Examined(Outcome.OK, vouched, text)
    pincodes = _pincodes(utenza, text, now)
    if pincodes is None:
        return Examined(Outcome.MALFORMED)
    vouched = proof and _vouched(proof, utenza, pincodes)
    if vouched:
        return Examined(Outcome.OK, vouched, text)
    pincode = pincodes[0] if pincodes else _NOISE
    guessed = guess(_DOOR, utenza.user_id, client_address, now, lambda: utenza.check_pincode(pincode))
    if guessed.somebody_guesses and proof and proof.pincode_fingerprint is not None:
        # as credentials.prove_with_id: what remembers the pincode is no oracle for who has the id and the password
        IdSessione.objects.filter(pk=proof.pk).update(pincode_fingerprint=None)
    return Examined(Outcome.OK, pincode, text) if guessed.is_right else Examined(Outcome.WRONG)


def _is_known(proof: Proof, utenza: Utenza, text: str) -> bool:
    """It is, letter by letter, what `create` brought and was right. Who can repeat it can do so whatever we do: the protocol has
    nothing that makes a ciphertext good once only.
    """
    return fingerprint.ciphertext_matches(
        proof.ciphertext_fingerprint, proof.plain_id, utenza.user_id, text, utenza.pincode
    )


def _pincodes(utenza: Utenza, text: str, now: datetime, *, remembered: bool = False) -> list[str] | None:
    """What it deciphers to under the live certificates, when that may be a pincode; None: no ciphertext of ours."""
    printed = PRINTED.get(utenza.user_id) if settings.A2F_MODE == "TEST" else None
    if printed is not None and text == printed[0]:
        return [printed[1]]
    try:
        ciphertext = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    deciphered = certificates.decipher(ciphertext, now, remembered=remembered)
    return [plain.decode() for plain in deciphered if _is_plausible(plain)] if deciphered else None


def _vouched(proof: Proof, utenza: Utenza, pincodes: list[str] | None) -> str:
    """The one that was proved before; empty when none was."""
    for pincode in pincodes or []:
        if fingerprint.pincode_matches(
            proof.pincode_fingerprint, proof.plain_id, utenza.user_id, pincode, utenza.pincode
        ):
            return pincode
    return ""


def _is_plausible(text: bytes) -> bool:
    return SHORTEST <= len(text) <= LONGEST and text.isdigit()
