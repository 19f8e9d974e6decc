"""Checks a pincode: the client encrypts it with our certificate, the portal decrypts it and compares it with its slow hash.

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
_NOISE = "noise"  # stands for a decryption without a pincode: compared like any wrong one, so that the time is the same
SHORTEST, LONGEST = 4, 16  # digits of a pincode; the official ones have 10. Noise of one digit is not rare.


class PincodeOutcome(Enum):
    OK = 0
    MALFORMED = 301
    WRONG = 302


@dataclass(frozen=True)
class PincodeProof:
    """The earlier proof that a live id of this utenza stores; a match saves the slow hash."""

    plain_id: str = field(repr=False)
    pk: int  # primary key of the id; the two fingerprints are columns of its row
    pincode_fingerprint: bytes | memoryview | None = field(repr=False)
    ciphertext_fingerprint: bytes | memoryview | None = field(default=None, repr=False)


@dataclass(frozen=True)
class ExaminedPincode:
    """The outcome and, when OK, the pincode in clear and its ciphertext, for the fingerprints of a new id. Never stored.

    Both are empty when the fingerprint of the ciphertext matched: nothing was decrypted.
    """

    outcome: PincodeOutcome
    pincode: str = field(default="", repr=False)
    ciphertext: str = field(default="", repr=False)


# The requests printed in the manual, encrypted for a key that is not ours: TEST mode has their pincodes in clear
# (docs/contract.md, section 8).
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


def check(
    utenza: Utenza, valore: str, now: datetime, proof: PincodeProof | None = None, client_address: str = ""
) -> PincodeOutcome:
    """Checks whether `valore` (base64) holds the pincode of this utenza. A `proof` that matches saves the slow hash."""
    return examine(utenza, valore, now, proof, client_address).outcome


def examine(
    utenza: Utenza, valore: str, now: datetime, proof: PincodeProof | None = None, client_address: str = ""
) -> ExaminedPincode:
    """As check(), and returns the pincode, whose fingerprint `create` stores in the new row.

    A wrong padding decrypts to noise (certificates.decipher), and noise is a wrong pincode: the caller cannot tell them
    apart. Every wrong pincode costs exactly one slow hash, or none over the rate limit (guesses.guess). The caller must
    not be inside a transaction.
    """
    text = "".join(valore.split())
    if proof and _is_known(proof, utenza, text):
        return ExaminedPincode(PincodeOutcome.OK)
    vouched = proof and _vouched(proof, utenza, _pincodes(utenza, text, now, remembered=True))
    if vouched:
        return ExaminedPincode(PincodeOutcome.OK, vouched, text)
    pincodes = _pincodes(utenza, text, now)
    if pincodes is None:
        return ExaminedPincode(PincodeOutcome.MALFORMED)
    vouched = proof and _vouched(proof, utenza, pincodes)
    if vouched:
        return ExaminedPincode(PincodeOutcome.OK, vouched, text)
    pincode = pincodes[0] if pincodes else _NOISE
    guessed = guess(_DOOR, utenza.user_id, client_address, now, lambda: utenza.check_pincode(pincode))
    if guessed.somebody_guesses and proof and proof.pincode_fingerprint is not None:
        # as prove_with_id: a thief with id and password must not test pincodes against the stored fingerprint
        IdSessione.objects.filter(pk=proof.pk).update(pincode_fingerprint=None)
    if not guessed.is_right or not utenza.settle("pincode", pincode):
        return ExaminedPincode(PincodeOutcome.WRONG)
    return ExaminedPincode(PincodeOutcome.OK, pincode, text)


def _is_known(proof: PincodeProof, utenza: Utenza, text: str) -> bool:
    """Whether this very ciphertext was right when `create` received it. The protocol has no nonce: a replay cannot be detected."""
    return fingerprint.ciphertext_matches(
        proof.ciphertext_fingerprint, proof.plain_id, utenza.user_id, text, utenza.pincode
    )


def _pincodes(utenza: Utenza, text: str, now: datetime, *, remembered: bool = False) -> list[str] | None:
    """Decrypts under each live certificate and returns the plausible pincodes; None: not a ciphertext of ours."""
    printed = PRINTED.get(utenza.user_id) if settings.A2F_MODE == "TEST" else None
    if printed is not None and text == printed[0]:
        return [printed[1]]
    try:
        ciphertext = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    deciphered = certificates.decipher(ciphertext, now, remembered=remembered)
    return [plain.decode() for plain in deciphered if _is_plausible(plain)] if deciphered else None


def _vouched(proof: PincodeProof, utenza: Utenza, pincodes: list[str] | None) -> str:
    """The pincode among these that was proved before; "" when none was."""
    for pincode in pincodes or []:
        if fingerprint.pincode_matches(
            proof.pincode_fingerprint, proof.plain_id, utenza.user_id, pincode, utenza.pincode
        ):
            return pincode
    return ""


def _is_plausible(text: bytes) -> bool:
    return SHORTEST <= len(text) <= LONGEST and text.isdigit()
