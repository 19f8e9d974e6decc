"""Masks addresses, codici fiscali, ids and codes for the staff's pages and for logs: recognisable, not usable."""

import re
import traceback
from collections.abc import Iterable

from portal.values import codice_fiscale
from portal.values.mail_address import readable

_ADDRESS = re.compile(r"[^\s<>()\[\]:;,\"]+(?:@|%40|=40)[^\s<>()\[\]:;,\"]+", re.IGNORECASE)
_CODICE_FISCALE = re.compile(rf"\b{codice_fiscale.SHAPE.pattern}\b", re.IGNORECASE)
_SECRET = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b\d{6}\b", re.IGNORECASE)
# The DETAIL of a PostgreSQL error repeats the values of the refused row, over several lines: up to the next part of the error
# or the next exception.
_ROW = re.compile(
    r"^DETAIL:.*?(?=^(?:HINT|CONTEXT|WHERE|STATEMENT):|^$\n(?:The above exception|During handling)|\Z)",
    re.MULTILINE | re.DOTALL,
)


def mask_address(address: str) -> str:
    """`id•••@farmaciasanmarco.it`: keeps two characters and the domain."""
    local, _, domain = readable(address).rpartition("@")
    return f"{local[:2]}•••@{domain}" if local else "•••"


def mask_addresses_in(text: str) -> str:
    """Masks every address in a text: a mail server's answer often repeats the whole address."""
    return _ADDRESS.sub(lambda found: mask_address(found.group()), text)


def mask_secrets_in(text: str) -> str:
    """Masks addresses, and everything shaped like an id or a code: a server may quote the letter that it refuses."""
    return _SECRET.sub("••••••", mask_addresses_in(text))


def without_row(text: str) -> str:
    """Removes from a traceback the values of the row that a database refused."""
    return _ROW.sub("", text)


def scrubbed_traceback(secrets: Iterable[str]) -> str:
    """The traceback of the exception being handled, without these secrets, addresses and the values of a refused row."""
    text = without_row(traceback.format_exc())
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "•••")
    return mask_addresses_in(text)


def mask_codice_fiscale(value: str) -> str:
    """`RSS•••••••••501U` keeps the first three and the last four characters."""
    return f"{value[:3]}{'•' * max(len(value) - 7, 0)}{value[-4:]}" if len(value) > 7 else "•••"


def mask_codici_fiscali_in(text: str) -> str:
    """Masks every codice fiscale in a text."""
    return _CODICE_FISCALE.sub(lambda found: mask_codice_fiscale(found.group()), text)


def mask_people_in(text: str) -> str:
    """Masks every address and codice fiscale in a text: an account name may be a codice fiscale, and so may the name of a
    person whose name is unknown.
    """
    return mask_codici_fiscali_in(mask_addresses_in(text))


def domain_of(address: str) -> str:
    return address.rpartition("@")[2]
