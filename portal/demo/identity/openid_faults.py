"""The faulty answers of the OpenID provider that a visitor can choose. The portal refuses every one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from portal.demo.identity.faults import REPEATED, WRONG_KEY
from portal.identity.providers.oidc.request import FISCAL_NUMBER
from portal.identity.providers.saml.names import level_uri

UNSIGNED, IN_CLEAR, SILENT = "algoritmo", "chiaro", "muto"
Claims = dict[str, Any]


def _as_it_is(claims: Claims) -> Claims:
    return claims


@dataclass(frozen=True)
class OpenidFault:
    """One fault: its change to the id_token (`token`), to the userinfo (`person`), to the redirect (`brought`)."""

    key: str
    label: str
    token: Callable[[Claims], Claims] = _as_it_is
    person: Callable[[Claims], Claims] = _as_it_is
    brought: Callable[[Claims], Claims] = _as_it_is


def _with(**changed: Any) -> Callable[[Claims], Claims]:
    return lambda claims: claims | changed


def _moved(minutes: int) -> Callable[[Claims], Claims]:
    names = ("iat", "exp", "auth_time")
    return lambda claims: claims | {name: claims[name] + minutes * 60 for name in names if name in claims}


FAULTS = (
    OpenidFault(WRONG_KEY, "Firmata con una chiave sconosciuta"),
    OpenidFault(UNSIGNED, "Non firmata affatto (alg: none)"),
    OpenidFault("destinatario", "Indirizzata a un altro servizio (aud)", token=_with(aud="https://altro.example")),
    OpenidFault("emittente", "A nome di un altro gestore (iss)", brought=_with(iss="https://altro-gestore.example")),
    OpenidFault("nonce", "In risposta a un’altra richiesta (nonce)", token=_with(nonce="0" * 64)),
    OpenidFault("impronta", "Con l’impronta di un altro token (at_hash)", token=_with(at_hash="A" * 22)),
    OpenidFault("scaduta", "Già scaduta", token=lambda claims: claims | {"exp": claims["iat"] - 1}),
    OpenidFault("avanti", "Orologio del gestore avanti di 10 minuti", token=_moved(10)),
    OpenidFault("indietro", "Autenticazione di 4 minuti prima della richiesta", token=_moved(-4)),
    OpenidFault(REPEATED, "Inviata due volte"),
    OpenidFault("soggetto", "Con i dati di un’altra persona (sub)", person=_with(sub="un-altro")),
    OpenidFault(IN_CLEAR, "Con i dati non cifrati"),
    OpenidFault(
        "senza-codice", "Senza il codice fiscale",
        person=lambda claims: {name: value for name, value in claims.items() if name != FISCAL_NUMBER},
    ),
    OpenidFault("livello", "Di livello 1, più basso di quello chiesto", token=_with(acr=level_uri(1))),
    OpenidFault(SILENT, "Il gestore non consegna i token"),
)  # fmt: skip


def fault_of(key: str) -> OpenidFault:
    """Returns the fault with this key; without one, a fault that changes nothing."""
    return next((fault for fault in FAULTS if fault.key == key), OpenidFault("", ""))
