"""The faulty SAML answers that a visitor can choose: broken, late or dishonest providers. The portal refuses every one."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from lxml import etree

from portal.demo.identity import answers
from portal.demo.identity.answers import StubSamlAnswer
from portal.identity.providers.saml.keys import KeyPair

REPEATED = "ripetuta"
WRONG_KEY = "firma"


@dataclass(frozen=True)
class SamlFault:
    key: str
    label: str
    spoil: Callable[[StubSamlAnswer], StubSamlAnswer]


def _moved(minutes: int) -> Callable[[StubSamlAnswer], StubSamlAnswer]:
    by = timedelta(minutes=minutes)
    return lambda one: replace(
        one, at=one.at + by, good_until=one.good_until + by, authenticated_at=one.authenticated_at + by
    )


FAULTS = (
    SamlFault(WRONG_KEY, "Firmata con una chiave sconosciuta", lambda one: one),
    SamlFault("destinatario", "Indirizzata a un altro servizio", lambda one: replace(one, audience="https://altro.example")),
    SamlFault("emittente", "A nome di un altro gestore", lambda one: replace(one, issuer="https://altro-gestore.example")),
    SamlFault("scaduta", "Già scaduta", lambda one: replace(one, good_until=one.at - timedelta(seconds=1))),
    SamlFault("avanti", "Orologio del gestore avanti di 10 minuti", _moved(10)),
    SamlFault("indietro", "Orologio del gestore indietro di 10 minuti", _moved(-10)),
    SamlFault(REPEATED, "Inviata due volte", lambda one: one),
    SamlFault(
        "senza-codice", "Senza il codice fiscale",
        lambda one: replace(
            one, attributes={name: value for name, value in one.attributes.items() if name != "fiscalNumber"}
        ),
    ),
    SamlFault("livello", "Di livello 1, più basso di quello chiesto", lambda one: replace(one, level=1)),
)  # fmt: skip
OF_A_COMPANY = SamlFault(  # SPID only
    "impresa", "Di un’impresa, senza una persona",
    lambda one: replace(
        one, attributes={"companyName": "Impresa di prova", "companyFiscalNumber": "TINIT-00000000000"}
    ),
)  # fmt: skip


def made(answer: StubSamlAnswer, fault: str, own: KeyPair, strangers: KeyPair) -> etree._Element:
    """Returns the signed answer, with the fault of this key if there is one."""
    spoilt = next((known.spoil(answer) for known in (*FAULTS, OF_A_COMPANY) if known.key == fault), answer)
    return answers.signed(spoilt, strangers if fault == WRONG_KEY else own)
