"""The interface of every identity provider: SAML, OpenID Connect, client certificates, the stubs."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.core.checks import CheckMessage
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext_noop

from portal.identity.identity import Identity
from portal.identity.models import LoginTransaction
from portal.identity.providers.upkeep import Alert, LoadedEntity, NotByHand, NotTaken, Taken


@dataclass(frozen=True)
class Method:
    """One of the three methods that the procedure admits, with the texts of the screen."""

    key: str  # also the segment of the path: /accesso/<key>/
    label: str
    title: str
    hint: str


SPID = Method("spid", "SPID", "SPID", "Identità digitale, livello 2 o superiore.")
SPID_PROFESSIONAL = Method(
    "spid",
    "SPID per uso professionale",
    "SPID per uso professionale",
    gettext_noop("Identità rilasciata a te come professionista o per la tua impresa, livello 2 o superiore."),
)
CIE = Method("cie", "CIE", "Carta d’Identità Elettronica", "Con l’app CieID o un lettore di smart card.")
TS_CNS = Method("ts-cns", "TS-CNS", "TS-CNS", "Tessera sanitaria attivata, lettore e PIN.")


def allow_forms_to(response: HttpResponseBase, origins: list[str]) -> None:
    """Adds these origins to `form-action` of this page: browsers also apply it to the redirect that follows a form."""
    if origins:
        response._csp_update = {"form-action": origins}  # type: ignore[attr-defined]  # django-csp's way


@dataclass(frozen=True)
class Gestore:
    """An identity provider that the person can choose. `logo`: a static file added by the deployment, or empty."""

    entity_id: str
    name: str
    logo: str = ""


class Provider(ABC):
    """A login method. `start` redirects the browser, `state_of` reads the state of the answer, `finish` verifies the answer.

    The caller consumes the pending login between the last two, so that an answer is verified once and only for the browser
    that began the login. Whatever a browser sends, a provider raises nothing but LoginRefused.
    """

    method: Method
    refreshable = False  # True: it trusts what a registry or a federation publishes (`manage.py identity_providers`)

    @property
    def key(self) -> str:
        return self.method.key

    @property
    def label(self) -> str:
        return self.method.label

    @property
    def purpose(self) -> str:
        """The Purpose of the requests of the second button, for identities for professional use (SPID); empty: no such button."""
        return ""

    def form_origins(self) -> list[str]:
        """The origins (`https://host`) that `start` may redirect to."""
        return []

    def gestori(self) -> list[Gestore] | None:
        """The identity providers to choose from, in random order; empty: none is available; None: no choice is needed."""
        return None

    def professional_gestori(self) -> list[Gestore] | None:
        """As gestori(), for the second button."""
        return self.gestori()

    def metadata(self) -> bytes | None:
        """Our signed SAML metadata; None when this method needs none."""
        return None

    def entity_configuration(self, now: datetime) -> str | None:
        """Our entity configuration in the OpenID federation, a signed JWT; None outside a federation."""
        return None

    def resolved(self, subject: str, anchor: str, now: datetime) -> str | None:
        """The resolved metadata of this entity, a signed JWT; None when it is unknown."""
        return None

    def gone_out(self, request: HttpRequest) -> tuple[list[str], str] | None:
        """Verifies a logout request of the provider; returns the sessions (`sign_out_names` of an Identity) and the URL that
        carries our answer ("": none). None when this method has no single logout. Raises LoginRefused.
        """
        return None

    def card_ticket(self, request: HttpRequest, state: str, now: datetime) -> str | None:
        """Reads the card that nginx saw on this request and returns the ticket for the login with this state; None when this
        provider reads no cards. Raises LoginRefused, and PermissionDenied for a request that did not pass nginx.
        """
        return None

    def alerts(self, now: datetime) -> Iterable[Alert]:
        """Returns one alert for each thing that an operator must do about this provider."""
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
        """Redirects to the provider with a request for a new authentication at level 2 or above, for the purpose of the login.

        The answer must return `state` (RelayState, OpenID Connect's state), which does not reveal the requested page.
        Raises LoginRefused when no provider is available.
        """

    def answer_document(self, request: HttpRequest, transaction: LoginTransaction) -> bytes:
        """The answer as received, for the record, after `finish`; empty when it is too large, or this method keeps none."""
        return b""

    @abstractmethod
    def state_of(self, request: HttpRequest) -> str:
        """The state in the answer, not verified yet; empty when there is none."""

    @abstractmethod
    def finish(self, request: HttpRequest, transaction: LoginTransaction) -> Identity:
        """Verifies the answer against the consumed login. Raises LoginRefused."""


@dataclass(frozen=True)
class WayIn:
    """A login method as the pages show it; `professional` is the second button of SPID."""

    method: Method
    gestori: list[Gestore] | None
    professional: bool = False

    @property
    def key(self) -> str:
        """Names the button among those of one page."""
        return f"{self.method.key}-professionale" if self.professional else self.method.key

    @property
    def start_address(self) -> str:
        name = "identity:start_professional" if self.professional else "identity:start"
        return reverse(name, args=[self.method.key])

    @classmethod
    def of(cls, provider: Provider) -> "WayIn":
        return cls(provider.method, provider.gestori())

    @classmethod
    def all_of(cls, provider: Provider) -> "list[WayIn]":
        """The button of this provider, and the one for professional use when the settings switch it on."""
        ways = [cls.of(provider)]
        if provider.purpose:
            ways.append(cls(SPID_PROFESSIONAL, provider.professional_gestori(), professional=True))
        return ways
