"""Writes replies in the order that simple parsers need: codEsito is the first leaf, token the first comunicazione.

Source: docs/contract.md, section 3.
"""

from dataclasses import dataclass
from datetime import datetime
from xml.sax.saxutils import escape

from lxml import etree

from portal.time.clock import ROME
from sessions.soap import schema
from sessions.soap.wire_words import MESSAGES, SOAP, TYPES, Operation, ResultCode


class NotOfTheSchema(Exception):
    """A reply of the portal breaks its own schema."""


@dataclass(frozen=True)
class InfoToken:
    """The state and the validity of an id."""

    state: tuple[int, str]
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class SoapReply:
    """The content of the answer to one request: success when `outcome` is None. `plain`: the new id, sent in TEST mode only."""

    outcome: ResultCode | None = None
    about: str = ""  # appended to the sentence: the name of the field, the value received
    info_token: InfoToken | None = None
    info: tuple[str, str] | None = None
    plain: str | None = None

    def __repr__(self) -> str:
        return f"SoapReply({self.outcome.code if self.outcome else '0'})"  # never the id


def written(operation: Operation, reply: SoapReply, notes: list[tuple[str, str]]) -> bytes:
    """Returns the whole envelope in UTF-8. `notes` are the comunicazioni; [] for none."""
    name = operation.reply
    parts = [
        _leaf("codEsito", "1" if reply.outcome else "0"),
        _errors(reply.outcome, reply.about) if reply.outcome else "",
        _info_token(reply.info_token) if reply.info_token else "",
        f"<info>{_typed('chiave', reply.info[0])}{_typed('valore', reply.info[1])}</info>" if reply.info else "",
        f"<comunicazioni>{''.join(_note(*note) for note in notes)}</comunicazioni>" if notes else "",
    ]
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<env:Envelope xmlns:env="{SOAP}"><env:Body><{name} xmlns="{MESSAGES}" xmlns:dt="{TYPES}">'
        f"{''.join(parts)}</{name}></env:Body></env:Envelope>"
    )
    return text.encode()


def checked(envelope: bytes) -> bytes:
    """Validates the reply against the schema (about 30 µs) and returns the envelope. Raises NotOfTheSchema."""
    if not schema.is_valid(etree.fromstring(envelope)[0][0]):
        raise NotOfTheSchema
    return envelope


def wire_moment(at: datetime) -> str:
    """xs:dateTime with milliseconds and the offset of Rome: `2025-05-30T19:51:31.000+02:00`."""
    return at.astimezone(ROME).isoformat(timespec="milliseconds")


def printed_moment(at: datetime) -> str:
    """`dd/MM/yyyy HH:mm:ss`, Rome."""
    return f"{at.astimezone(ROME):%d/%m/%Y %H:%M:%S}"


def _errors(outcome: ResultCode, about: str) -> str:
    sentence = f"{outcome.sentence}{about}"[:256]
    leaves = _typed("tipoErrore", outcome.type) + _typed("codEsito", outcome.code) + _typed("descrEsito", sentence)
    return f"<errori><dt:errore>{leaves}</dt:errore></errori>"


def _info_token(info: InfoToken) -> str:
    number, word = info.state
    leaves = (
        _typed("stato", str(number)) + _typed("descrizione", word)
        + _typed("dataInizioValidita", wire_moment(info.starts_at)) + _typed("dataFineValidita", wire_moment(info.ends_at))
    )  # fmt: skip
    return f"<infoToken>{leaves}</infoToken>"


def _note(code: str, message: str) -> str:
    return f"<dt:comunicazione>{_typed('codice', code)}{_typed('messaggio', message)}</dt:comunicazione>"


def _leaf(name: str, value: str) -> str:
    return f"<{name}>{escape(value)}</{name}>"


def _typed(name: str, value: str) -> str:
    return f"<dt:{name}>{escape(value)}</dt:{name}>"
