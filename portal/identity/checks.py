"""What must not start: an identity provider that only tests know, a door whose key or organisation is missing."""

import ipaddress
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.hashes import SHA256
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from portal.identity.providers import every_provider
from portal.identity.providers.saml.entities import ProviderMetadata
from portal.identity.providers.saml.provider import SamlProvider

# The certificates of spid-sp-test, whose private keys are printed in its package (SHA-256).
_KEYS_THAT_EVERYBODY_HAS = {
    "800704ecc9fb77eb7c16a3d9d86c0c5f8097a584ba6291502573c6322512f8ab",
    "3ddcf3f01364e24755a5d0affccacb0961c928e24250ef28591b44ceee6fed33",
}


@register()
def only_real_identity_providers_in_production(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """SAML: who is loaded must be somebody (https, a public name, a key of its own), and so must we."""
    if settings.DEMO or any(name.startswith("portal.demo") for name in settings.IDENTITY_PROVIDERS):
        return []  # the second is refused by portal.E001
    try:
        doors = [door for door in every_provider() if isinstance(door, SamlProvider)]
    except ImportError as error:
        return [Error(f"IDENTITY_PROVIDERS: {error}.", id="portal.E005")]
    return [problem for door in doors for problem in (*_of_ours(door), *_of_theirs(door))]


def _of_ours(door: SamlProvider) -> Iterator[CheckMessage]:
    try:
        door.service_provider()
    except ImproperlyConfigured as error:
        yield Error(str(error), id="portal.E003")


def _of_theirs(door: SamlProvider) -> Iterator[CheckMessage]:
    for each in door.identity_providers():
        if not all(map(_is_public, _addresses(each))):
            yield Error(f"The metadata of {each.entity_id} name this machine, or no https address.", id="portal.E004")
        if _uses_a_known_key(each):
            yield Error(f"{each.entity_id} signs with the key of a test tool, which everybody has.", id="portal.E004")


def _addresses(provider: ProviderMetadata) -> list[str]:
    """Its name too, where that is an address: SAML allows `urn:` as well."""
    named = provider.entity_id if "://" in provider.entity_id else ""
    return [*([named] if named else []), *provider.addresses]


def _is_public(address: str) -> bool:
    parts = urlsplit(address)
    host = parts.hostname or ""
    try:
        return parts.scheme == "https" and ipaddress.ip_address(host).is_global
    except ValueError:  # a name
        return parts.scheme == "https" and "." in host and not host.endswith((".localhost", ".localdomain"))


def _uses_a_known_key(provider: ProviderMetadata) -> bool:
    return any(each.fingerprint(SHA256()).hex() in _KEYS_THAT_EVERYBODY_HAS for each in provider.certificates)
