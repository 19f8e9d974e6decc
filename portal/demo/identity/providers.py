"""The three stub providers behind the real interface. SPID and CIE run the production code against a stub."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from portal.demo.identity import envelopes, openid_desk, saml_desk
from portal.identity.identity import CLOCKS_DIFFER_BY, Identity, LoginRefused
from portal.identity.models import LoginTransaction
from portal.identity.providers import oidc, saml
from portal.identity.providers.base import TS_CNS, Gestore, Provider
from portal.identity.providers.oidc import chains, federation
from portal.identity.providers.oidc.federation import PROVIDER, Anchor, ChainBroken, TrustChain
from portal.identity.providers.oidc.relying_party import RelyingParty
from portal.identity.providers.saml.entities import ProviderMetadata
from portal.identity.providers.saml.provider import FISCAL_NUMBER_PREFIX
from portal.identity.providers.saml.service_provider import ServiceProvider
from portal.time.clock import real_now_of

ANSWER_IS_GOOD_FOR = timedelta(minutes=5)


class StubSaml(saml.SamlProvider):
    """The production code with the stub as its only identity provider."""

    def service_provider(self) -> ServiceProvider:
        return saml_desk.portal_as_service_provider()

    def identity_providers(self) -> Sequence[ProviderMetadata]:
        return [saml_desk.provider(self.key)]

    def form_origins(self) -> list[str]:
        return [] if saml_desk.same_site() else super().form_origins()

    def start(self, request: HttpRequest, transaction: LoginTransaction, state: str) -> HttpResponse:
        return _on_this_site(super().start(request, transaction, state))


class StubSpid(StubSaml, saml.Spid):
    """SPID with an invented provider."""


class StubOpenidCie(oidc.CieOpenId):
    """The production code with a stub provider and a stub trust anchor, which it calls inside the process."""

    def relying_party(self) -> RelyingParty:
        return openid_desk.portal_as_relying_party()

    def anchor(self) -> Anchor:
        return openid_desk.anchor()

    def provider_id(self) -> str:
        return openid_desk.provider_id()

    def transport(self) -> httpx.BaseTransport:
        return openid_desk.in_process()

    def chain(self, now: datetime) -> TrustChain | None:
        """Resolves the chain at each login, because the call stays inside the process."""
        openid_desk.make_keys()
        try:
            return chains.usable(federation.gathered(self.provider_id(), PROVIDER, self.anchor(), self.fetched, now))
        except ChainBroken:
            return None

    def start(self, request: HttpRequest, transaction: LoginTransaction, state: str) -> HttpResponse:
        return _on_this_site(super().start(request, transaction, state))


class StubCie(StubSaml, saml.CieSaml):
    """CIE with an invented card; the visitor chooses SAML or OpenID Connect. A real portal uses one of the two."""

    def __init__(self) -> None:
        self.by_openid = StubOpenidCie()

    def gestori(self) -> list[Gestore]:
        return [
            Gestore(saml_desk.entity_id(self.key), "Carta di prova, con SAML 2.0"),
            Gestore(openid_desk.provider_id(), "Carta di prova, con OpenID Connect"),
        ]

    def entity_configuration(self, now: datetime) -> str:
        return self.by_openid.entity_configuration(now)

    def resolved(self, subject: str, anchor: str, now: datetime) -> str | None:
        return self.by_openid.resolved(subject, anchor, now)

    def start(self, request: HttpRequest, transaction: LoginTransaction, state: str) -> HttpResponse:
        if request.POST.get("gestore") == openid_desk.provider_id():
            return self.by_openid.start(request, transaction, state)
        return super().start(request, transaction, state)

    def state_of(self, request: HttpRequest) -> str:
        return self.by_openid.state_of(request) if request.method == "GET" else super().state_of(request)

    def answer_document(self, request: HttpRequest, transaction: LoginTransaction) -> bytes:
        if self._asked_by_openid(transaction):
            return self.by_openid.answer_document(request, transaction)
        return super().answer_document(request, transaction)

    def finish(self, request: HttpRequest, transaction: LoginTransaction) -> Identity:
        if self._asked_by_openid(transaction):
            return self.by_openid.finish(request, transaction)
        return super().finish(request, transaction)

    def _asked_by_openid(self, transaction: LoginTransaction) -> bool:
        return transaction.issuer == openid_desk.provider_id()


class StubTsCns(Provider):
    """Sends the browser to a page of the demonstration and accepts only an answer that the page signed."""

    method = TS_CNS

    def start(self, request: HttpRequest, transaction: LoginTransaction, state: str) -> HttpResponse:
        query = urlencode({"richiesta": envelopes.request_for(self.key, state)})
        return redirect(f"{reverse('demo:identity_provider', args=[self.key])}?{query}")

    def state_of(self, request: HttpRequest) -> str:
        return str(request.POST.get("stato", ""))

    def finish(self, request: HttpRequest, transaction: LoginTransaction) -> Identity:
        claims = envelopes.verified(self.key, request.POST.get("risposta", ""))
        self._check_envelope(claims, transaction, real_now_of(request))
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
        """Checks audience, issuer, request and time of the answer. Raises LoginRefused."""
        if claims.get("issuer") != self.key or claims.get("audience") != settings.PORTAL_URL:
            raise LoginRefused("signature")
        if not transaction.is_of(str(claims.get("in_response_to", ""))):
            raise LoginRefused("unsolicited")
        from_the_future = claims["issued_at"] > (now + CLOCKS_DIFFER_BY).timestamp()
        if from_the_future or claims["expires_at"] <= now.timestamp():
            raise LoginRefused("answer-expired")


def _on_this_site(response: HttpResponse) -> HttpResponse:
    """Makes the redirect relative on the portal's own site, so that a browser on `localhost` keeps its cookies."""
    if saml_desk.same_site():
        response["Location"] = response["Location"].removeprefix(settings.STUB_IDENTITY_URL)
    return response


def answer(method: str, state: str, outcome: str, now: datetime, person: dict[str, Any]) -> str:
    """Returns the signed answer of the TS-CNS page for this portal and this request; valid for five minutes."""
    claims = {
        "issuer": method,
        "audience": settings.PORTAL_URL,
        "in_response_to": state,
        "issued_at": now.timestamp(),
        "expires_at": (now + ANSWER_IS_GOOD_FOR).timestamp(),
        "outcome": outcome,
    }
    return envelopes.signed(method, claims | person if outcome == "ok" else claims)
