"""Reads letters as the pharmacist does: the code comes from the mail, never from the database."""

import email
import re
from email import policy

from portal.outbox.models import OutgoingMail
from portal.secrets.sealing import unseal


def letters(kind: str = "", to: str = "") -> list[OutgoingMail]:
    rows = OutgoingMail.objects.order_by("created_at", "pk")
    if kind:
        rows = rows.filter(kind=kind)
    return list(rows.filter(recipient=to) if to else rows)


def parts_of(letter: OutgoingMail) -> tuple[str, str]:
    """Text and HTML."""
    message = email.message_from_bytes(unseal(letter.sealed_source), policy=policy.default)
    return tuple(message.get_body((kind,)).get_content() for kind in ("plain", "html"))


def text_of(letter: OutgoingMail) -> str:
    return parts_of(letter)[0]


def code_in(letter: OutgoingMail) -> str:
    return re.search(r"^Codice validazione: (\d{6})$", text_of(letter), re.MULTILINE)[1]


def last_code(to: str = "") -> str:
    return code_in(letters("code", to)[-1])


def a_wrong_code(*but: str) -> str:
    """Six digits that no letter contains and that are not among these."""
    taken = {code_in(letter) for letter in letters("code")} | set(but)
    return next(code for n in range(1_000_000) if (code := f"{n:06d}") not in taken)
