"""What somebody must do about the identity providers before people notice: certificates that end, registries that are silent."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from portal.identity.models import RegistryReading
from portal.identity.providers import every_provider, oidc
from portal.identity.providers.oidc import chains, jose, relying_party
from portal.identity.providers.saml.entities import ProviderMetadata
from portal.identity.providers.saml.provider import SamlProvider
from portal.identity.providers.saml.real import is_a_test_environment, why_not_real

CERTIFICATE_ENDS_WITHIN = timedelta(days=30)
REGISTRY_SILENT_FOR = timedelta(days=3)


@dataclass(frozen=True)
class Alert:
    """One thing to do. `urgent`: somebody cannot come in already."""

    door: str
    about: str
    words: str
    urgent: bool = False

    def __str__(self) -> str:
        return f"{self.door}: {self.about}: {self.words}"


def saml_doors() -> list[SamlProvider]:
    return [door for door in every_provider() if isinstance(door, SamlProvider) and door.real]


def oidc_doors() -> list[oidc.CieOpenId]:
    return [door for door in every_provider() if isinstance(door, oidc.CieOpenId)]


def alerts(now: datetime) -> list[Alert]:
    """Of every way in that speaks SAML or OpenID Connect; nothing to do, nothing said."""
    saml = [
        each
        for door in saml_doors()
        for each in (*_of_ours(door, now), *_of_theirs(door, now), *_of_registry(door, now))
    ]
    return saml + [each for door in oidc_doors() for each in _of_federation(door, now)]


def good_until(provider: ProviderMetadata) -> datetime:
    """The end of the certificate that ends last (UTC)."""
    return max(each.not_valid_after_utc for each in provider.certificates)


def _of_ours(door: SamlProvider, now: datetime) -> Iterator[Alert]:
    try:
        certificate: x509.Certificate = door.service_provider().pair.certificate
    except ImproperlyConfigured as error:
        yield Alert(door.key, "ours", str(error), urgent=True)
        return
    yield from _ending(door.key, "our certificate", certificate.not_valid_after_utc, now)


def _of_theirs(door: SamlProvider, now: datetime) -> Iterator[Alert]:
    in_use = door.identity_providers()
    if not in_use:
        yield Alert(door.key, "providers", "none is loaded: nobody comes in this way", urgent=True)
    for each in door.loaded() if not settings.DEMO else ():
        if why_not_real(each):
            yield Alert(door.key, each.entity_id, "loaded and not let in: a test environment or a test tool")
        elif is_a_test_environment(each):
            yield Alert(door.key, each.entity_id, "a test environment is let in: anybody may be anybody", urgent=True)
    for each in in_use:
        yield from _ending(door.key, each.entity_id, good_until(each), now)


def _ending(door: str, about: str, end: datetime, now: datetime) -> Iterator[Alert]:
    if end <= now:
        yield Alert(door, about, f"expired on {end:%Y-%m-%d}", urgent=True)
    elif end <= now + CERTIFICATE_ENDS_WITHIN:
        yield Alert(door, about, f"expires on {end:%Y-%m-%d}, in {(end - now).days} days")


def _of_registry(door: SamlProvider, now: datetime) -> Iterator[Alert]:
    """Nothing is expected of a registry whose certificate is not named: its documents are loaded by hand."""
    _, certificate = settings.IDENTITY_REGISTRIES.get(door.key, ("", ""))
    if not certificate:
        return
    readings = RegistryReading.objects.filter(door=door.key)
    good = readings.filter(refused_because="").newest(door.key)
    if good is None or now - good.at > REGISTRY_SILENT_FOR:
        since = f"since {good.at:%Y-%m-%d}" if good else "ever"
        yield Alert(door.key, "registry", f"not read {since}")
    yield from _last_reading(door.key, "registry", door.key)


def _of_federation(door: oidc.CieOpenId, now: datetime) -> Iterator[Alert]:
    try:
        marks, chain = door.relying_party().trust_marks, door.chain(now)
    except ImproperlyConfigured as error:
        yield Alert(door.key, "ours", str(error), urgent=True)
        return
    for claims in map(relying_party.trust_mark, marks):
        if "exp" in claims:
            yield from _ending(door.key, "our trust mark", jose.instant(claims, "exp"), now)
    if chain is None:
        yield Alert(door.key, "federation", "no chain of trust is good: nobody comes in this way", urgent=True)
    yield from _last_reading(door.key, "federation", chains.DOOR)


def _last_reading(door: str, about: str, registry: str) -> Iterator[Alert]:
    newest = RegistryReading.objects.newest(registry)
    if newest is not None and newest.refused_because:
        yield Alert(door, about, f"the last reading was not taken: {newest.refused_because}")
