"""The three stub providers, behind the interface of the real ones. SPID and CIE are the real ones, pointed at a stub."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from portal.clock import now_of
from portal.demo.identity import envelopes, saml_desk
from portal.identity.identity import CLOCKS_DIFFER_BY, Identity, LoginRefused
from portal.identity.models import LoginTransaction
from portal.identity.providers import saml
from portal.identity.providers.base import TS_CNS, Provider
from portal.identity.providers.saml.entities import ProviderMetadata
from portal.identity.providers.saml.provider import FISCAL_NUMBER_PREFIX
from portal.identity.providers.saml.service_provider import ServiceProvider

ANSWER_IS_GOOD_FOR = timedelta(minutes=5)


class StubSaml(saml.SamlProvider):
    """The real thing, whose only identity provider is the stub: its question, its answer and its door are production's."""

    def service_provider(self) -> ServiceProvider:
        return saml_desk.portal_as_service_provider()

    def identity_providers(self) -> Sequence[ProviderMetadata]:
        return [saml_desk.provider(self.key)]

    def form_origins(self) -> list[str]:
        return [] if saml_desk.same_site() else super().form_origins()

    def start(self, request: HttpRequest, transaction: LoginTransaction, state: str) -> HttpResponse:
        """On the portal's own site the address loses its host: who opened `localhost` stays there, with the cookies."""
        response = super().start(request, transaction, state)
        if saml_desk.same_site():
            response["Location"] = response["Location"].removeprefix(settings.STUB_IDENTITY_URL)
        return response


class StubSpid(StubSaml, saml.Spid):
    """SPID, with an invented provider."""


class StubCie(StubSaml, saml.Cie):
    """CIE, with an invented card."""


class StubTsCns(Provider):
    """Sends the browser to a page of the demonstration and believes only what that page has signed."""

    method = TS_CNS

    def start(self, request: HttpRequest, transaction: LoginTransaction, state: str) -> HttpResponse:
        query = urlencode({"richiesta": envelopes.request_for(self.key, state)})
        return redirect(f"{reverse('demo:identity_provider', args=[self.key])}?{query}")

    def state_of(self, request: HttpRequest) -> str:
        return str(request.POST.get("stato", ""))

    def finish(self, request: HttpRequest, transaction: LoginTransaction) -> Identity:
        claims = envelopes.verified(self.key, request.POST.get("risposta", ""))
        self._check_envelope(claims, transaction, now_of(request))
        if claims["outcome"] != "ok":
            raise LoginRefused(claims["outcome"])
        number = claims["fiscal_number"]
        if not number.startswith(FISCAL_NUMBER_PREFIX):
            raise LoginRefused("no-codice-fiscale")
        return Identity(
            codice_fiscale=number.removeprefix(FISCAL_NUMBER_PREFIX),
            given_name=claims["given_name"],
            family_name=claims["family_name"],
            level=claims["level"],
            provider=self.key,
            authenticated_at=datetime.fromtimestamp(claims["authenticated_at"], UTC),
        )

    def _check_envelope(self, claims: dict[str, Any], transaction: LoginTransaction, now: datetime) -> None:
        """For us, by the provider that we asked, to the question that we asked, and now. Raises LoginRefused."""
        if claims.get("issuer") != self.key or claims.get("audience") != settings.PORTAL_URL:
            raise LoginRefused("signature")
        if not transaction.is_of(str(claims.get("in_response_to", ""))):
            raise LoginRefused("unsolicited")
        from_the_future = claims["issued_at"] > (now + CLOCKS_DIFFER_BY).timestamp()
        if from_the_future or claims["expires_at"] <= now.timestamp():
            raise LoginRefused("answer-expired")


def answer(method: str, state: str, outcome: str, now: datetime, person: dict[str, Any]) -> str:
    """What the page of the TS-CNS sends back: signed, for this portal and this request, good for five minutes."""
    claims = {
        "issuer": method,
        "audience": settings.PORTAL_URL,
        "in_response_to": state,
        "issued_at": now.timestamp(),
        "expires_at": (now + ANSWER_IS_GOOD_FOR).timestamp(),
        "outcome": outcome,
    }
    return envelopes.signed(method, claims | person if outcome == "ok" else claims)
