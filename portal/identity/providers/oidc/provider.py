"""The provider CIE by OpenID Connect."""

import json
from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlsplit

import httpx
from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from portal.identity.identity import MINIMUM_LEVEL, Identity, LoginRefused
from portal.identity.models import LoginTransaction
from portal.identity.providers import base
from portal.identity.providers.oidc import alerts, answer, chains, jose, relying_party
from portal.identity.providers.oidc.answer import OpenIdAnswer, OpenIdLogin
from portal.identity.providers.oidc.federation import MEDIA_TYPE, PROVIDER, STATEMENT, Anchor, TrustChain
from portal.identity.providers.oidc.relying_party import RelyingParty
from portal.identity.providers.oidc.request import FISCAL_NUMBER, authorization_request
from portal.identity.providers.oidc.wire import Unreachable, Wire
from portal.identity.providers.saml.provider import FISCAL_NUMBER_PREFIX
from portal.identity.providers.saml.real import why_not_an_entity
from portal.identity.providers.upkeep import Alert, LoadedEntity, Taken
from portal.time import database_clock
from portal.time.clock import real_now_of

LONGEST_FIELD = 8_192  # characters of each browser parameter kept in the record


class CieOpenId(base.Provider):
    """Sends requests to the one CIE provider, verified by its trust chain, and accepts only its answers."""

    method = base.CIE
    refreshable = True

    def relying_party(self) -> RelyingParty:
        """Our relying party. The demonstration overrides this and the next four methods."""
        return relying_party.of_settings()

    def anchor(self) -> Anchor:
        """The trust anchor of the federation."""
        return relying_party.anchor_of_settings()

    def provider_id(self) -> str:
        """The entity identifier of the CIE provider."""
        return str(settings.OIDC_PROVIDER)

    def transport(self) -> httpx.BaseTransport | None:
        """The HTTP transport; None: the network."""
        return None

    def chain(self, now: datetime) -> TrustChain | None:
        """The trust chain that `manage.py identity_providers refresh` stored last; None when none is valid now."""
        return chains.in_use(self.provider_id(), self.anchor(), now)

    def refresh(self, now: datetime) -> Taken:
        """Resolves the trust chain again. Raises NotTaken."""
        return chains.refresh(self.provider_id(), self.anchor(), self.fetched, now)

    def refresh_is_due(self, now: datetime) -> bool:
        return chains.refresh_is_due(self.provider_id(), self.anchor(), now)

    def alerts(self, now: datetime) -> Iterator[Alert]:
        return alerts.alerts_of(self.key, self.relying_party, self.chain, now)

    def production_errors(self) -> Iterator[CheckMessage]:
        """Checks our keys, and that the trust anchor and the provider are real entities at public addresses."""
        try:
            self.relying_party()
            names = {"OIDC_TRUST_ANCHOR": self.anchor().entity_id, "OIDC_PROVIDER": self.provider_id()}
        except ImproperlyConfigured as error:
            yield Error(str(error), id="portal.E003")
            return
        for setting, name in names.items():
            if why := why_not_an_entity(name):
                yield Error(f"{setting} {why}.", id="portal.E004")

    def loaded_entities(self, now: datetime) -> list[LoadedEntity]:
        chain = self.chain(now)
        return [LoadedEntity(chain.subject, chain.subject, chain.good_until, works=True)] if chain else []

    def fetched(self, address: str) -> str:
        """Fetches an entity statement. Raises Unreachable."""
        reply = self._wire().get(address)
        if reply.status != 200 or reply.kind != MEDIA_TYPE:
            raise Unreachable(f"no entity statement: {reply.status}")
        return reply.text.strip()

    def form_origins(self) -> list[str]:
        chain = self.chain(database_clock.real_now())
        if chain is None:
            return []
        parts = urlsplit(str(chain.metadata["authorization_endpoint"]))
        return [f"{parts.scheme}://{parts.netloc}"]

    def gestori(self) -> list[base.Gestore] | None:
        return None if self.chain(database_clock.real_now()) else []

    def entity_configuration(self, now: datetime) -> str:
        return relying_party.entity_configuration(self.relying_party(), now)

    def resolved(self, subject: str, anchor: str, now: datetime) -> str | None:
        """Answers only from the chain in use: a request cannot make the portal resolve another."""
        chain = self.chain(now)
        if chain is None or (subject, anchor) != (chain.subject, self.anchor().entity_id):
            return None
        party = self.relying_party()
        claims = {
            "iss": party.entity_id,
            "sub": chain.subject,
            "iat": int(now.timestamp()),
            "exp": int(chain.good_until.timestamp()),
            "metadata": {PROVIDER: dict(chain.metadata)},
            "trust_chain": list(chain.statements),
        }
        return jose.signed(claims, party.federation.first, STATEMENT)

    def start(self, request: HttpRequest, transaction: LoginTransaction, state: str) -> HttpResponse:
        chain = self.chain(real_now_of(request))
        if chain is None:
            raise LoginRefused("unavailable", "no chain of trust is good now")
        authorization = authorization_request(
            self.relying_party(), chain.metadata, state, MINIMUM_LEVEL, real_now_of(request)
        )
        transaction.write_request(chain.metadata["issuer"], authorization.id, authorization.document.encode())
        return redirect(authorization.address)

    def state_of(self, request: HttpRequest) -> str:
        return str(request.GET.get("state", ""))  # the answer is a redirect: its parameters are in the URL

    def answer_document(self, request: HttpRequest, transaction: LoginTransaction) -> bytes:
        """The parameters from the browser, the back-channel exchange, and the trust chain of the provider, as JSON."""
        query = {name: request.GET[name][:LONGEST_FIELD] for name in ("code", "iss", "error") if name in request.GET}
        return json.dumps({"answer": query, **transaction.exchange}, indent=1).encode()

    def finish(self, request: HttpRequest, transaction: LoginTransaction) -> Identity:
        chain = self.chain(real_now_of(request))
        if chain is None or chain.metadata["issuer"] != transaction.issuer:
            raise LoginRefused("not-asked", "the provider is no longer loaded")
        transaction.exchange["trust chain"] = "\n".join(chain.statements)
        login = OpenIdLogin(self.relying_party(), chain.metadata, self.state_of(request), transaction.started_at)
        query = {name: str(value) for name, value in request.GET.items()}
        return self._identity(
            answer.redeem_code(login, query, self._wire(), transaction.exchange, real_now_of(request))
        )

    def _identity(self, answered: OpenIdAnswer) -> Identity:
        number = answered.claims.get(FISCAL_NUMBER)
        if not isinstance(number, str) or not number.startswith(FISCAL_NUMBER_PREFIX):
            raise LoginRefused("no-codice-fiscale", "fiscal_number")
        given_name, family_name = answered.claims.get("given_name"), answered.claims.get("family_name")
        if not (isinstance(given_name, str) and isinstance(family_name, str) and given_name and family_name):
            raise LoginRefused("malformed", "name")
        if answered.level is None:
            raise LoginRefused("malformed", "acr")
        return Identity(
            codice_fiscale=number.removeprefix(FISCAL_NUMBER_PREFIX),
            given_name=given_name,
            family_name=family_name,
            level=answered.level,
            provider=self.key,
            authenticated_at=answered.authenticated_at,
            answer_id=answered.token_id[:255],
            assertion_id=answered.person_id[:255],
            subject=f"{answered.claims['iss']} {answered.claims['sub']}",
        )

    def _wire(self) -> Wire:
        return Wire(self.transport)
