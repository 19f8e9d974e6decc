"""The providers SPID and CIE by SAML 2.0."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from random import SystemRandom
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from portal.identity.identity import MINIMUM_LEVEL, Identity, LoginRefused
from portal.identity.models import LoginTransaction, RegisteredProvider
from portal.identity.providers import base
from portal.identity.providers.saml import alerts, documents, entities, logout, profiles, registry, service_provider
from portal.identity.providers.saml.entities import ProviderMetadata
from portal.identity.providers.saml.metadata import service_metadata
from portal.identity.providers.saml.names import REDIRECT
from portal.identity.providers.saml.profiles import Profile
from portal.identity.providers.saml.real import why_not_real
from portal.identity.providers.saml.request import authn_request
from portal.identity.providers.saml.response import Expected, SamlAnswer, decoded, verified_answer
from portal.identity.providers.saml.service_provider import ServiceProvider
from portal.identity.providers.upkeep import Alert, LoadedEntity, Taken
from portal.time.clock import real_now_of

_COMPANY_NUMBER = re.compile(r"(TINIT|VATIT)-[0-9]{11}")
_OF_A_COMPANY = frozenset({"companyName", "companyFiscalNumber", "ivaCode", "registeredOffice"})
FISCAL_NUMBER_PREFIX = "TINIT-"  # an Italian codice fiscale; other countries have other prefixes (ETSI EN 319 412-1)


class SamlProvider(base.Provider):
    """Sends the request to one of the loaded identity providers and accepts only its answer."""

    profile: Profile
    refreshable = True

    def service_provider(self) -> ServiceProvider:
        """Our service provider. The demonstration overrides this and the next method."""
        return service_provider.of_settings()

    def identity_providers(self) -> Sequence[ProviderMetadata]:
        """The usable identity providers: in production, the loaded ones without test tools and test environments."""
        return [provider for provider in self.loaded() if settings.DEMO or not why_not_real(provider)]

    def loaded(self) -> Sequence[ProviderMetadata]:
        """The providers of the files, then those of the registry; a file replaces a registry entry with the same entityID."""
        files = self.from_files()
        named = {provider.entity_id for provider in files}
        return [*files, *(provider for provider in self.from_registry() if provider.entity_id not in named)]

    def from_files(self) -> Sequence[ProviderMetadata]:
        """The metadata files in IDENTITY_METADATA/<key>, placed by an operator."""
        return _folder(settings.IDENTITY_METADATA / self.key).providers()

    def from_registry(self) -> Sequence[ProviderMetadata]:
        """The metadata that `manage.py identity_providers refresh` stored last, shared by all processes."""
        current = RegisteredProvider.objects.current(self.key).values_list("pk", "digest")
        return [_registered(pk, digest) for pk, digest in current]

    def form_origins(self) -> list[str]:
        return [origin for provider in self.identity_providers() for origin in provider.origins]

    def gestori(self) -> list[base.Gestore] | None:
        """In random order: the SPID rules require that none is favoured."""
        return self._listed("")

    def professional_gestori(self) -> list[base.Gestore] | None:
        return self._listed(self.purpose)

    def metadata(self) -> bytes:
        service = self.service_provider()
        return service_metadata(service, self.profile, service_provider.addresses(self.key))

    def start(self, request: HttpRequest, transaction: LoginTransaction, state: str) -> HttpResponse:
        provider = self._chosen(request.POST.get("gestore", ""), transaction.purpose)
        authn = authn_request(
            self.service_provider(), provider, MINIMUM_LEVEL, real_now_of(request), transaction.purpose
        )
        if provider.binding == REDIRECT:
            address = authn.signed_address(state)
            transaction.write_request(provider.entity_id, authn.id, address.encode())
            return redirect(address)
        fields = authn.signed_fields(state)
        transaction.write_request(provider.entity_id, authn.id, decoded(fields["SAMLRequest"]))
        return _posted(request, provider, fields)

    def answer_document(self, request: HttpRequest, transaction: LoginTransaction) -> bytes:
        try:
            answer = decoded(request.POST.get("SAMLResponse", ""))
        except LoginRefused:
            return b""
        return answer if len(answer) <= documents.LARGEST else b""

    def state_of(self, request: HttpRequest) -> str:
        return str(request.POST.get("RelayState", ""))  # answers come by POST; a state in the URL is ignored

    def finish(self, request: HttpRequest, transaction: LoginTransaction) -> Identity:
        provider = entities.find(self.identity_providers(), transaction.issuer)
        if provider is None:
            raise LoginRefused("not-asked", "the provider is no longer loaded")
        expected = Expected(
            provider=provider,
            profile=self.profile,
            request_id=transaction.request_id or "",
            started_at=transaction.started_at,
            audience=self.service_provider().entity_id,
            address=service_provider.addresses(self.key).answer,
        )
        answered = verified_answer(decoded(request.POST.get("SAMLResponse", "")), expected, real_now_of(request))
        if _is_of_a_company(answered.attributes, professional=bool(transaction.purpose)):
            raise LoginRefused("legal-person", "fiscalNumber")
        return self._identity(answered, provider)

    def gone_out(self, request: HttpRequest) -> tuple[list[str], str]:
        now, address = real_now_of(request), service_provider.addresses(self.key).sign_out
        gone = logout.believed(request, self.identity_providers(), address, now)
        return gone.session_names, logout.answer_address(gone, self.service_provider(), now)

    def alerts(self, now: datetime) -> Iterator[Alert]:
        yield from alerts.of_own_certificate(self.key, self.service_provider, now)
        yield from alerts.of_entities(self.key, self.loaded(), self.identity_providers(), now)
        yield from alerts.of_registry(self.key, now)

    def production_errors(self) -> Iterator[CheckMessage]:
        """Checks our key and organisation, and the files. Rows of the registry are checked when they are taken and at each
        login: at start the database may be away.
        """
        try:
            self.service_provider()
        except ImproperlyConfigured as error:
            yield Error(str(error), id="portal.E003")
        for provider in self.from_files():
            if why := why_not_real(provider):
                yield Error(why, id="portal.E004")

    def loaded_entities(self, now: datetime) -> list[LoadedEntity]:
        return [
            LoadedEntity(
                provider.entity_id,
                provider.name,
                entities.good_until(provider),
                entities.works(provider, now),
                len(provider.certificates),
            )
            for provider in self.identity_providers()
        ]

    def refresh_is_due(self, now: datetime) -> bool:
        return registry.refresh_is_due(self.key, now)

    def refresh(self, now: datetime) -> Taken:
        return registry.refresh(self.key, now)

    def take_by_hand(self, file: Path | None, digest: str, dropping: tuple[str, ...], now: datetime) -> Taken:
        return registry.take_by_hand(self.key, file, digest, dropping, now)

    def _identity(self, answered: SamlAnswer, by: ProviderMetadata) -> Identity:
        number = answered.attributes.get("fiscalNumber", "")
        if not number.startswith(FISCAL_NUMBER_PREFIX):
            raise LoginRefused("no-codice-fiscale", "fiscalNumber")
        given_name, family_name = answered.attributes.get("name", ""), answered.attributes.get("familyName", "")
        if not (given_name and family_name):
            raise LoginRefused("malformed", "name")
        return Identity(
            codice_fiscale=number.removeprefix(FISCAL_NUMBER_PREFIX),
            given_name=given_name,
            family_name=family_name,
            level=answered.level,
            provider=self.key,
            authenticated_at=answered.authenticated_at,
            answer_id=answered.response_id[:255],
            assertion_id=answered.assertion_id[:255],
            subject=f"{answered.name_qualifier} {answered.name_id}",
            sign_out_names=tuple(logout.session_names(by.entity_id, answered.name_id, ["", answered.session_index])),
        )

    def _listed(self, purpose: str) -> list[base.Gestore] | None:
        """The providers to choose from, shuffled; None when only one is loaded."""
        loaded = self.identity_providers()
        offered = _offering(loaded, purpose)
        if len(loaded) == len(offered) == 1:
            return None
        SystemRandom().shuffle(offered)
        return [base.Gestore(provider.entity_id, provider.name, _logo(provider)) for provider in offered]

    def _chosen(self, entity_id: str, purpose: str) -> ProviderMetadata:
        """The chosen provider, or the only one loaded, if it offers identities for this purpose. Raises LoginRefused."""
        loaded = self.identity_providers()
        if not entity_id and len(loaded) == 1:
            entity_id = loaded[0].entity_id
        found = entities.find(_offering(loaded, purpose), entity_id)
        if found is None:
            raise LoginRefused("no-provider")
        return found


class Spid(SamlProvider):
    method = base.SPID
    profile = profiles.SPID

    @property
    def purpose(self) -> str:
        return settings.SPID_PURPOSE if settings.SPID_PROFESSIONAL else ""

    def alerts(self, now: datetime) -> Iterator[Alert]:
        yield from super().alerts(now)
        if self.purpose and not _offering(self.identity_providers(), self.purpose):
            words = f"SPID_PROFESSIONAL is on, and no loaded provider offers identities for the purpose {self.purpose}"
            yield Alert(self.key, "providers", words)


class CieSaml(SamlProvider):
    method = base.CIE
    profile = profiles.CIE


def _offering(loaded: Sequence[ProviderMetadata], purpose: str) -> list[ProviderMetadata]:
    return [provider for provider in loaded if not purpose or provider.offers(purpose)]


def _is_of_a_company(attributes: Mapping[str, str], *, professional: bool) -> bool:
    """True when the answer names a legal person and nobody who acts for it (the second type of identity in Avviso 18)."""
    number = attributes.get("fiscalNumber", "")
    if number:
        return professional and _COMPANY_NUMBER.fullmatch(number) is not None
    return professional or not _OF_A_COMPANY.isdisjoint(attributes)


@lru_cache(maxsize=4)
def _folder(path: Path) -> entities.Folder:
    return entities.Folder(path)


def _logo(provider: ProviderMetadata) -> str:
    """The static path `identity/gestori/<host of the entityID>.svg` if the deployment added the file; else empty."""
    name = f"gestori/{urlsplit(provider.entity_id).hostname}.svg"
    return f"identity/{name}" if settings.IDENTITY_ASSETS and (Path(settings.IDENTITY_ASSETS) / name).is_file() else ""


@lru_cache(maxsize=128)
def _registered(pk: int, digest: str) -> ProviderMetadata:
    """Parses a row once per process: rows never change, a new row replaces an old one."""
    return entities.read(RegisteredProvider.objects.get(pk=pk).document.encode())[0]


def _posted(request: HttpRequest, provider: ProviderMetadata, fields: dict[str, str]) -> HttpResponse:
    """A page with the form for the POST binding; with JavaScript, a script submits it."""
    response = render(request, "identity/to_provider.html", {"provider": provider, "fields": fields})
    base.allow_forms_to(response, provider.origins)
    return response
