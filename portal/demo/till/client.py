"""The till of the demonstration: a small gestionale that speaks to the portal over HTTP, like the ones in pharmacies.

It uses only the wire format (portal.a2f_client), like a third party's program, and none of the portal's rows or rules.
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
    """The state of the till between two pages. It starts with the manual's public user (docs/contract.md, section 8)."""

    user_id: str = PHARMACY.user_id
    password: str = field(default=PHARMACY.password, repr=False)
    pincode: str = field(default=PHARMACY.pincode, repr=False)
    codice_fiscale: str = PHARMACY.codice_fiscale
    codes: tuple[str, str, str] = PHARMACY.codes
    purpose: tuple[str, str] = PURPOSES[0]
    token: str = field(default="", repr=False)  # the id in the red box
    offered: str = field(default="", repr=False)  # an id in the reply of a service in TEST, not in the red box yet
    expires_at: str = ""  # expiry of the id in the red box, ISO 8601; "" when unknown
    ended: str = ""  # why the id in the red box is not valid any more: a reason of the gate (X-A2F-Reason)
    dispensed: int = 0
    outcome: dict[str, str] = field(default_factory=dict)  # outcome of the last act: kind, title, words
    sent: str = field(default="", repr=False)
    received: str = field(default="", repr=False)

    def light(self, now: datetime) -> tuple[str, datetime | None]:
        """Returns green, yellow (under 60 minutes), red or off; and the expiry of the id (UTC) when it is known."""
        until = a2f_client.moment(self.expires_at)
        if not self.token:
            return "off", None
        if self.ended or (until is not None and until <= now):
            return "red", until
        if until is None:
            return "off", None
        return ("yellow" if until - now < YELLOW_WITHIN else "green"), until

    def generate(self) -> "Till":
        """«Genera ID SESSIONE»: requests an id, which leaves by mail; in TEST the reply contains it too."""

        def act(client: httpx.Client, account: Account) -> Exchange:
            return a2f_client.create(client, _service(), account, Purpose(*self.purpose))

        after, exchange = self._speak(act)
        if exchange is None or exchange.status == httpx.codes.UNAUTHORIZED or not exchange.reply.is_done:
            return after._after(exchange, sentences.of_service)
        return replace(after, offered=exchange.reply.token)._after(exchange, sentences.of_create)

    def paste(self, text: str) -> "Till":
        """Puts the id into the red box and checks it with the service."""
        token = "".join(id_sessione(text).split())[:100]
        filled = replace(
            self, token=token, offered="" if token == self.offered else self.offered, expires_at="", ended=""
        )
        return filled.check() if token else filled._with(sentences.EMPTIED)

    def take(self) -> "Till":
        """Puts the id from the reply of a service in TEST into the red box."""
        return self.paste(self.offered)

    def check(self) -> "Till":
        """checkToken: asks the service how long the id is valid."""

        def act(client: httpx.Client, account: Account) -> Exchange:
            return a2f_client.check(client, _service(), account, Purpose(*self.purpose), self.token)

        after, exchange = self._speak(act)
        if exchange is not None:
            until = exchange.reply.valid_until
            if exchange.reply.outcome:
                ended = sentences.reason_of(exchange.reply)
                after = replace(after, expires_at=until.isoformat() if until else "", ended=ended)
        return after._after(exchange, sentences.of_check)

    def revoke(self) -> "Till":
        def act(client: httpx.Client, account: Account) -> Exchange:
            return a2f_client.revoke(client, _service(), account, Purpose(*self.purpose), self.token)

        after, exchange = self._speak(act)
        if exchange is not None and exchange.reply.is_done:
            after = replace(after, ended="revoked")
        return after._after(exchange, sentences.of_revoke)

    def dispense(self) -> "Till":
        """«Eroga ricetta bianca»: calls the gate, as a dispensing service does for every call it receives."""

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
        return after._after(exchange, sentences.of_gate)

    def _speak(
        self, act: Callable[[httpx.Client, Account], Exchange], *, with_pincode: bool = True
    ) -> "tuple[Till, Exchange | None]":
        """Makes the call. Returns the till with the sent and received text, and the exchange (None: no answer)."""
        account = Account(self.user_id, self.password, self.codice_fiscale, self.codes)
        try:
            with httpx.Client(timeout=a2f_client.TIMEOUT, trust_env=False) as client:  # no proxy
                if with_pincode:
                    account = replace(account, valore=a2f_client.encrypt(self.pincode, _certificate(client)))
                exchange = act(client, account)
        except NoAnswer as error:
            return replace(self, sent="", received="")._with(sentences.no_answer(str(error))), None
        except (NotACertificate, ValueError):
            return replace(self, sent="", received="")._with(sentences.NO_CERTIFICATE), None
        return replace(self, sent=exchange.sent, received=exchange.received), exchange

    def _after(self, exchange: Exchange | None, outcome_of: Callable[[Exchange], TillOutcome]) -> "Till":
        return self if exchange is None else self._with(outcome_of(exchange))

    def _with(self, outcome: TillOutcome) -> "Till":
        return replace(self, outcome={"kind": outcome.kind, "title": outcome.title, "words": outcome.words})


def _service() -> str:
    return settings.PORTAL_URL + a2f_client.PATH


def _certificate(client: httpx.Client) -> bytes:
    """Downloads the newest certificate from its public page. Raises NoAnswer, NotACertificate."""
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
