"""What the portal asks of an identity provider, whatever it speaks: SAML, OpenID Connect, client certificates, the stubs."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.core.checks import CheckMessage
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from portal.identity.identity import Identity
from portal.identity.models import LoginTransaction
from portal.identity.providers.upkeep import Alert, LoadedEntity, NotByHand, NotTaken, Taken


@dataclass(frozen=True)
class Method:
    """One of the three ways in that the procedure admits, in the words of the screen."""

    key: str  # also the piece of the address: /accesso/<key>/
    label: str
    title: str
    hint: str


SPID = Method("spid", "SPID", "SPID", "Identità digitale, livello 2 o superiore.")
CIE = Method("cie", "CIE", "Carta d’Identità Elettronica", "Con l’app CieID o un lettore di smart card.")
TS_CNS = Method("ts-cns", "TS-CNS", "TS-CNS", "Tessera sanitaria attivata, lettore e PIN.")


def allow_forms_to(response: HttpResponseBase, origins: list[str]) -> None:
    """Lets the forms of this page end at these sites: browsers apply `form-action` to the redirect that follows a form too."""
    if origins:
        response._csp_update = {"form-action": origins}  # type: ignore[attr-defined]  # django-csp's way


@dataclass(frozen=True)
class Gestore:
    """One of several identity providers behind a way in. `logo` is a static file that the deployment added, or empty."""

    entity_id: str
    name: str
    logo: str = ""


class Provider(ABC):
    """One way in. `start` sends the browser away, `state_of` reads whose answer came back, `finish` verifies it.

    The pending login is taken between the last two, so that an answer is verified once and only for the browser that asked.
    A provider never raises anything else than LoginRefused for what a browser may send.
    """

    method: Method
    refreshable = False  # True: it trusts what a registry or a federation publishes (`manage.py identity_providers`)

    @property
    def key(self) -> str:
        return self.method.key

    @property
    def label(self) -> str:
        return self.method.label

    def form_origins(self) -> list[str]:
        """The `https://host` of other sites that `start` may send the browser to."""
        return []

    def gestori(self) -> list[Gestore] | None:
        """Among whom one chooses, in a new order each time; empty when nobody can be asked, None when there is no choosing."""
        return None

    def metadata(self) -> bytes | None:
        """What we publish of ourselves to this provider, as XML; None when it asks for nothing."""
        return None

    def entity_configuration(self, now: datetime) -> str | None:
        """What we publish of ourselves to a federation of OpenID Connect, as a signed JWT; None when this way in is in none."""
        return None

    def resolved(self, subject: str, anchor: str, now: datetime) -> str | None:
        """What we have resolved of this entity, as a signed JWT; None when we know nothing of it."""
        return None

    def gone_out(self, request: HttpRequest) -> tuple[list[str], str] | None:
        """The provider says that the person went out there: of which sessions (`sign_out_names` of an Identity), and where the
        browser goes next with our answer ("" when nowhere). None when this way in knows no such thing. Raises LoginRefused.
        """
        return None

    def card_ticket(self, request: HttpRequest, state: str, now: datetime) -> str | None:
        """Reads the card that nginx saw on this request and returns the ticket for the login with this state; None when this
        provider reads no cards. Raises LoginRefused, and PermissionDenied for a request that did not pass nginx.
        """
        return None

    def alerts(self, now: datetime) -> Iterable[Alert]:
        """What an operator must do about this provider; nothing when all is well."""
        return ()

    def production_errors(self) -> Iterable[CheckMessage]:
        """Why this provider must not start in production: a key, an organisation or a real identity provider is missing."""
        return ()

    def loaded_entities(self, now: datetime) -> list[LoadedEntity]:
        """The identity providers in use, for `identity_providers list`."""
        return []

    def refresh_is_due(self, now: datetime) -> bool:
        """True when the timetable should call refresh()."""
        return False

    def refresh(self, now: datetime) -> Taken:
        """Reads the registry or the chain of trust again. Raises NotTaken."""
        raise NotTaken("this way in has nothing to refresh")

    def take_by_hand(self, file: Path | None, digest: str, dropping: tuple[str, ...], now: datetime) -> Taken:
        """As refresh(), with a document or permissions that an operator gives. Raises NotTaken and NotByHand."""
        raise NotByHand("A chain of trust is fetched: --file and --drop are for SAML.")

    @abstractmethod
    def start(self, request: HttpRequest, transaction: LoginTransaction, state: str) -> HttpResponse:
        """Sends the browser to the provider, asking for a new authentication at level 2 or above.

        `state` must come back with the answer (RelayState, OpenID Connect's state, a ticket); it says nothing of the
        page that the person wanted. Raises LoginRefused when there is nobody to ask.
        """

    def answer_document(self, request: HttpRequest, transaction: LoginTransaction) -> bytes:
        """The answer itself, for the record of the login, once `finish` has looked at it; empty when it is too large to be
        one, or none is kept.
        """
        return b""

    @abstractmethod
    def state_of(self, request: HttpRequest) -> str:
        """The state that came with the answer, not trusted yet; empty when there is none."""

    @abstractmethod
    def finish(self, request: HttpRequest, transaction: LoginTransaction) -> Identity:
        """Verifies the answer against the login that waited for it. Raises LoginRefused."""


@dataclass(frozen=True)
class WayIn:
    """A way in as the pages show it."""

    method: Method
    gestori: list[Gestore] | None

    @classmethod
    def of(cls, provider: Provider) -> "WayIn":
        return cls(provider.method, provider.gestori())
