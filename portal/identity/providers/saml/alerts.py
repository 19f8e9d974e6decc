"""Alerts of a SAML provider: certificates that end, entities that are not real, a registry that is silent."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from portal.identity.models import RegistryReading
from portal.identity.providers.saml.entities import ProviderMetadata, good_until
from portal.identity.providers.saml.real import is_a_test_environment, why_not_real
from portal.identity.providers.saml.service_provider import ServiceProvider
from portal.identity.providers.upkeep import Alert, alert_of_end, alert_of_last_reading

REGISTRY_SILENT_FOR = timedelta(days=3)


def of_own_certificate(key: str, party: Callable[[], ServiceProvider], now: datetime) -> Iterator[Alert]:
    """`party` may raise ImproperlyConfigured, which is an alert too."""
    try:
        certificate = party().pair.certificate
    except ImproperlyConfigured as error:
        yield Alert(key, "ours", str(error), urgent=True)
        return
    yield from alert_of_end(key, "our certificate", certificate.not_valid_after_utc, now)


def of_entities(
    key: str, loaded: Sequence[ProviderMetadata], in_use: Sequence[ProviderMetadata], now: datetime
) -> Iterator[Alert]:
    if not in_use:
        yield Alert(key, "providers", "none is loaded: nobody can sign in with this method", urgent=True)
    for entity in loaded if not settings.DEMO else ():
        if why_not_real(entity):
            yield Alert(key, entity.entity_id, "loaded and not let in: a test environment or a test tool")
        elif is_a_test_environment(entity):
            words = "a test environment is admitted: its users can sign in as any person"
            yield Alert(key, entity.entity_id, words, urgent=True)
    for entity in in_use:
        yield from alert_of_end(key, entity.entity_id, good_until(entity), now)


def of_registry(key: str, now: datetime) -> Iterator[Alert]:
    """Nothing when the settings name no certificate for the registry: an operator loads its documents by hand."""
    _, certificate = settings.IDENTITY_REGISTRIES.get(key, ("", ""))
    if not certificate:
        return
    good = RegistryReading.objects.filter(refused_because="").newest(key)
    if good is None or now - good.at > REGISTRY_SILENT_FOR:
        since = f"since {good.at:%Y-%m-%d}" if good else "ever"
        yield Alert(key, "registry", f"not read {since}")
    yield from alert_of_last_reading(key, "registry", key)
