"""The till of the demonstration: a small gestionale that speaks to the portal over HTTP, as those in the pharmacies do.

It knows the wire only (portal.a2f_client), like a program of somebody else: nothing of the portal's own rows or rules.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import urljoin

import httpx
from django.conf import settings

from portal import a2f_client
from portal.a2f_client import Account, Exchange, NoAnswer, NotACertificate, Purpose
from portal.demo.public_users import PHARMACY
from portal.demo.till import sentences
from portal.demo.till.sentences import TillOutcome
from portal.values.pasted import id_sessione

YELLOW_WITHIN = timedelta(minutes=60)
CERTIFICATES = "/a2f/certificato/"
PURPOSES = (("RICETTA-BIANCA", "EROGATORE"), ("RICETTA-DEM", "EROGATORE"), ("RICETTA-DEM", "PRESCRITTORE"))
_PEM = re.compile(r'href="([^"]+\.pem)"')


@dataclass(frozen=True)
class Till:
    """What the till remembers between two pages. It starts with the public user of the manual (docs/contract.md, section 8)."""

    user_id: str = PHARMACY.user_id
    password: str = field(default=PHARMACY.password, repr=False)
    pincode: str = field(default=PHARMACY.pincode, repr=False)
    codice_fiscale: str = PHARMACY.codice_fiscale
    codes: tuple[str, str, str] = PHARMACY.codes
    purpose: tuple[str, str] = PURPOSES[0]
    token: str = field(default="", repr=False)  # what is in the red box
    offered: str = field(default="", repr=False)  # a service in TEST answered it: not in the red box yet
    expires_at: str = ""  # ISO 8601, of the id in the red box; empty: not known
    ended: str = ""  # why the id in the red box is good no more: a reason of the gate
    dispensed: int = 0
    outcome: dict[str, str] = field(default_factory=dict)  # of the last act: kind, title, words
    sent: str = field(default="", repr=False)
    received: str = field(default="", repr=False)

    def light(self, now: datetime) -> tuple[str, datetime | None]:
        """green, yellow (under 60 minutes), red or off; and when the id ends (UTC), when it is known."""
        until = a2f_client.moment(self.expires_at)
        if not self.token:
            return "off", None
        if self.ended or (until is not None and until <= now):
            return "red", until
        if until is None:
            return "off", None
        return ("yellow" if until - now < YELLOW_WITHIN else "green"), until

    def generate(self) -> "Till":
        """«Genera ID SESSIONE»: the id leaves by mail; in TEST it is in the reply too."""

        def act(client: httpx.Client, account: Account) -> Exchange:
            return a2f_client.create(client, _service(), account, Purpose(*self.purpose))

        after, exchange = self._speak(act)
        if exchange is None or exchange.status == httpx.codes.UNAUTHORIZED or not exchange.reply.is_done:
            return after._told(exchange, sentences.of_service)
        return replace(after, offered=exchange.reply.token)._told(exchange, sentences.of_create)

    def paste(self, text: str) -> "Till":
        """The red box filled, and the service asked whether the id is good."""
        token = "".join(id_sessione(text).split())[:100]
        filled = replace(
            self, token=token, offered="" if token == self.offered else self.offered, expires_at="", ended=""
        )
        return filled.check() if token else filled._with(sentences.EMPTIED)

    def take(self) -> "Till":
        """The id that a service in TEST answered, without going to the mailbox."""
        return self.paste(self.offered)

    def check(self) -> "Till":
        """checkToken: how long the id is still good."""

        def act(client: httpx.Client, account: Account) -> Exchange:
            return a2f_client.check(client, _service(), account, Purpose(*self.purpose), self.token)

        after, exchange = self._speak(act)
        if exchange is not None:
            until = exchange.reply.valid_until
            if exchange.reply.outcome:
                ended = sentences.reason_of(exchange.reply)
                after = replace(after, expires_at=until.isoformat() if until else "", ended=ended)
        return after._told(exchange, sentences.of_check)

    def revoke(self) -> "Till":
        def act(client: httpx.Client, account: Account) -> Exchange:
            return a2f_client.revoke(client, _service(), account, Purpose(*self.purpose), self.token)

        after, exchange = self._speak(act)
        if exchange is not None and exchange.reply.is_done:
            after = replace(after, ended="revoked")
        return after._told(exchange, sentences.of_revoke)

    def dispense(self) -> "Till":
        """«Eroga ricetta bianca»: the gate is asked, as the dispensing service asks it on every call."""

        def act(client: httpx.Client, account: Account) -> Exchange:
            return a2f_client.use(
                client, settings.PORTAL_URL + a2f_client.GATE, account, Purpose(*self.purpose), self.token
            )

        after, exchange = self._speak(act, with_pincode=False)
        if exchange is not None and exchange.status == httpx.codes.NO_CONTENT:
            until = exchange.headers.get("X-A2F-Expires-At", "")
            after = replace(after, dispensed=self.dispensed + 1, expires_at=until, ended="")
        elif exchange is not None and exchange.status == httpx.codes.FORBIDDEN:
            after = replace(after, ended=exchange.headers.get("X-A2F-Reason", "unknown") if self.token else "")
        return after._told(exchange, sentences.of_gate)

    def _speak(
        self, act: Callable[[httpx.Client, Account], Exchange], *, with_pincode: bool = True
    ) -> "tuple[Till, Exchange | None]":
        """The call, and the till with what went over the wire; None when nobody answered."""
        account = Account(self.user_id, self.password, self.codice_fiscale, self.codes)
        try:
            with httpx.Client(timeout=a2f_client.TIMEOUT, trust_env=False) as client:  # no proxy on the way
                if with_pincode:
                    account = replace(account, valore=a2f_client.encrypt(self.pincode, _certificate(client)))
                exchange = act(client, account)
        except NoAnswer as error:
            return replace(self, sent="", received="")._with(sentences.no_answer(str(error))), None
        except (NotACertificate, ValueError):
            return replace(self, sent="", received="")._with(sentences.NO_CERTIFICATE), None
        return replace(self, sent=exchange.sent, received=exchange.received), exchange

    def _told(self, exchange: Exchange | None, tell: Callable[[Exchange], TillOutcome]) -> "Till":
        return self if exchange is None else self._with(tell(exchange))

    def _with(self, outcome: TillOutcome) -> "Till":
        return replace(self, outcome={"kind": outcome.kind, "title": outcome.title, "words": outcome.words})


def _service() -> str:
    return settings.PORTAL_URL + a2f_client.PATH


def _certificate(client: httpx.Client) -> bytes:
    """The newest certificate, downloaded from its public page. Raises NoAnswer, NotACertificate."""
    try:
        page = client.get(settings.PORTAL_URL + CERTIFICATES).raise_for_status()
        link = _PEM.search(page.text)
        if link is None:
            raise NotACertificate
        return client.get(urljoin(settings.PORTAL_URL, link[1])).raise_for_status().content
    except httpx.HTTPStatusError:
        raise NotACertificate from None
    except httpx.HTTPError as error:
        raise NoAnswer(a2f_client.why(error)) from None
