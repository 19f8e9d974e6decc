"""The codice fiscale of a person, omocodia included. Source: DM 23/12/1976; the check character is python-stdnum's."""

import re

from django.core.exceptions import ValidationError
from stdnum.exceptions import ValidationError as StdnumError
from stdnum.it import codicefiscale, iva

from portal.values.pasted import LONGEST, plain_text

LENGTH = 16
SHAPE = re.compile(
    r"[A-Z]{6}[0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]", re.IGNORECASE | re.ASCII
)  # omocodia too


def normalise(typed: str) -> str:
    """Capitals, without white space. Text outside ASCII stays as it is: `ſ`.upper() would be an S."""
    joined = "".join(typed.split())
    return joined.upper() if joined.isascii() else joined


def in_text(typed: str) -> str:
    """The one valid codice fiscale in pasted text (`C.F.: rss nna 80-A41 H501L.`), else the text, normalised."""
    plain = normalise(plain_text(typed[:LONGEST]))
    letters = re.sub(r"[^A-Z0-9]", "", plain)
    found = {match[1] for match in re.finditer(rf"(?=({SHAPE.pattern}))", letters) if is_valid(match[1])}
    return found.pop() if len(found) == 1 else plain


def is_valid(value: str) -> bool:
    """True for a person's codice fiscale (16 characters of ASCII). python-stdnum alone would also accept 11-digit numbers, and
    `ſ` for an S.
    """
    return len(value) == LENGTH and value.isascii() and bool(codicefiscale.is_valid(value))


def validate(value: str) -> None:
    """Raises Django's ValidationError, with the sentence for the form, unless the normalised value is valid."""
    if not is_valid(normalise(value)):
        raise ValidationError(
            "Il codice fiscale non è corretto: sono 16 caratteri, controlla sulla tessera sanitaria.",
            code="codice_fiscale",
        )


def is_valid_partita_iva(value: str) -> bool:
    """True for an 11-digit Italian VAT number with the right check digit."""
    try:
        return value.isdigit() and bool(iva.validate(value))
    except StdnumError:
        return False
