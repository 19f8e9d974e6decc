"""Alerts of a SAML provider: certificates that end, entities that are not real, a registry that is silent."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from portal.identity.models import RegistryReading
from portal.identity.providers.saml.entities import good_until
from portal.identity.providers.saml.real import is_a_test_environment, why_not_real
from portal.identity.providers.upkeep import Alert, alert_of_end, alert_of_last_reading

if TYPE_CHECKING:
    from portal.identity.providers.saml.provider import SamlProvider

REGISTRY_SILENT_FOR = timedelta(days=3)


def alerts_of(provider: "SamlProvider", now: datetime) -> Iterator[Alert]:
    yield from _of_own_certificate(provider, now)
    yield from _of_entities(provider, now)
    yield from _of_registry(provider, now)


def _of_own_certificate(provider: "SamlProvider", now: datetime) -> Iterator[Alert]:
    try:
        certificate = provider.service_provider().pair.certificate
    except ImproperlyConfigured as error:
        yield Alert(provider.key, "ours", str(error), urgent=True)
        return
    yield from alert_of_end(provider.key, "our certificate", certificate.not_valid_after_utc, now)


def _of_entities(provider: "SamlProvider", now: datetime) -> Iterator[Alert]:
    in_use = provider.identity_providers()
    if not in_use:
        yield Alert(provider.key, "providers", "none is loaded: nobody can sign in with this method", urgent=True)
    for entity in provider.loaded() if not settings.DEMO else ():
        if why_not_real(entity):
            yield Alert(provider.key, entity.entity_id, "loaded and not let in: a test environment or a test tool")
        elif is_a_test_environment(entity):
            words = "a test environment is admitted: its users can sign in as any person"
            yield Alert(provider.key, entity.entity_id, words, urgent=True)
    for entity in in_use:
        yield from alert_of_end(provider.key, entity.entity_id, good_until(entity), now)


def _of_registry(provider: "SamlProvider", now: datetime) -> Iterator[Alert]:
    """Nothing when the settings name no certificate for the registry: an operator loads its documents by hand."""
    _, certificate = settings.IDENTITY_REGISTRIES.get(provider.key, ("", ""))
    if not certificate:
        return
    good = RegistryReading.objects.filter(refused_because="").newest(provider.key)
    if good is None or now - good.at > REGISTRY_SILENT_FOR:
        since = f"since {good.at:%Y-%m-%d}" if good else "ever"
        yield Alert(provider.key, "registry", f"not read {since}")
    yield from alert_of_last_reading(provider.key, "registry", provider.key)
