"""Detects identity providers that are not real: test tools, test environments, this machine."""

import ipaddress
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.hashes import SHA256
from django.conf import settings

from portal.identity.providers.saml.entities import ProviderMetadata
from portal.web.public_hosts import is_number, is_on_the_internet

# SHA-256 of the certificates of spid-sp-test, which publishes their private keys.
_KEYS_THAT_EVERYBODY_HAS = {
    "800704ecc9fb77eb7c16a3d9d86c0c5f8097a584ba6291502573c6322512f8ab",
    "3ddcf3f01364e24755a5d0affccacb0961c928e24250ef28591b44ceee6fed33",
}
# Test environments of AgID and the Ministry (demo, validator, preproduzione, collaudo ...), where a tester can act as anyone.
# AgID itself issues no identities; the real CIE is the second name without a prefix.
_TEST_ENVIRONMENTS = (".spid.gov.it", ".idserver.servizicie.interno.gov.it")

# Test environments of OpenID Connect.
_TEST_FEDERATION = (".oidc.registry.servizicie.interno.gov.it", ".oidc.idserver.servizicie.interno.gov.it")


def why_not_real(provider: ProviderMetadata) -> str:
    """The reason, for the operator, why this provider is not real; empty for a real one."""
    if not all(map(is_public, _addresses(provider))):
        return f"The metadata of {provider.entity_id} name this machine, or no https address."
    tests = {host for host in map(_host, _addresses(provider)) if host.endswith(_TEST_ENVIRONMENTS)}
    if settings.COLLAUDO and not tests:
        return f"{provider.entity_id} is a real provider: PORTAL_MODE=test admits test environments only."
    if tests - set(settings.IDENTITY_TEST_HOSTS):
        return f"{provider.entity_id} is a test environment, whose users can sign in as any person (IDENTITY_TEST_HOSTS admits it)."
    if any(
        certificate.fingerprint(SHA256()).hex() in _KEYS_THAT_EVERYBODY_HAS for certificate in provider.certificates
    ):
        return f"{provider.entity_id} signs with the key of a test tool, which everybody has."
    return ""


def why_not_an_entity(name: str) -> str:
    """The reason why this OpenID entity identifier (a URL) is not real; empty for a real one."""
    if not is_public(name):
        return "is no https address, or one of this machine"
    host = _host(name)
    tests = host.endswith(_TEST_FEDERATION) or host.startswith("preprod")
    if settings.COLLAUDO and not tests:
        return "is real: PORTAL_MODE=test admits test environments only"
    if tests and host not in settings.IDENTITY_TEST_HOSTS:
        return "is a test environment, whose users can sign in as any person (IDENTITY_TEST_HOSTS admits it)"
    return ""


def _addresses(provider: ProviderMetadata) -> list[str]:
    """Its endpoints, and its entityID when that is a URL (SAML also allows `urn:`)."""
    named = provider.entity_id if "://" in provider.entity_id else ""
    return [*([named] if named else []), *provider.addresses]


def is_public(address: str) -> bool:
    """True for an https URL whose host is a dotted name or a public IP address, as people write it (not `127.1`, `0x7f.1`)."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").rstrip(".")
        if parts.scheme != "https" or parts.username is not None:
            return False
        if is_number(host):
            return is_on_the_internet(ipaddress.ip_address(host))
    except ValueError:
        return False
    return "." in host and not host.endswith((".localhost", ".localdomain"))


def is_a_test_environment(provider: ProviderMetadata) -> bool:
    """True for every test environment, also one that IDENTITY_TEST_HOSTS admits."""
    return any(_host(address).endswith(_TEST_ENVIRONMENTS) for address in _addresses(provider))


def _host(address: str) -> str:
    return (urlsplit(address).hostname or "").rstrip(".")
