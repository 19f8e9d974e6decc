"""Our relying party in the federation of CIE, and the entity configuration that it signs and publishes.

Source: SPID/CIE OpenID Connect, "Entity Configuration", "OpenID Connect Relying Party Metadata".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse

from portal.identity.providers.oidc import jose
from portal.identity.providers.oidc.federation import RELYING_PARTY, STATEMENT, Anchor
from portal.identity.providers.oidc.jose import KEY_SEALED_AS, SEALED_AS, SIGNED_AS, NotTrusted
from portal.identity.providers.oidc.keys import SEALING, SIGNING, KeyRing, key_ring
from portal.identity.providers.saml.keys import KeyUnusable
from portal.identity.providers.saml.service_provider import Organisation, organisation

CONFIGURATION_IS_GOOD_FOR = timedelta(hours=48)


@dataclass(frozen=True)
class RelyingParty:
    """Our entity identifier (a URL) and three key rings: federation statements, signatures, decryption."""

    entity_id: str
    federation: KeyRing
    signing: KeyRing
    sealing: KeyRing
    organisation: Organisation
    superiors: tuple[str, ...]
    trust_marks: tuple[str, ...]  # JWTs signed by the accrediting body

    @property
    def answer_address(self) -> str:
        return f"{settings.PORTAL_URL}{reverse('identity:answer', args=['cie'])}"


def of_settings() -> RelyingParty:
    """From the settings that begin with OIDC_, and SAML_ORGANISATION. Raises ImproperlyConfigured."""
    federation = _ring("OIDC_FEDERATION_KEYS", SIGNING)
    signing, sealing = _ring("OIDC_SIGNING_KEYS", SIGNING), _ring("OIDC_ENCRYPTION_KEYS", SEALING)
    names = [key.kid for ring in (federation, signing, sealing) for key in ring]
    if len(set(names)) != len(names):
        raise ImproperlyConfigured("The keys of OIDC_FEDERATION_KEYS, _SIGNING_KEYS, _ENCRYPTION_KEYS must all differ.")
    marks = tuple(settings.OIDC_TRUST_MARKS.split())
    for mark in marks:
        trust_mark(mark)
    superiors = tuple(settings.OIDC_AUTHORITY_HINTS) or (settings.OIDC_TRUST_ANCHOR,)
    who = organisation(settings.SAML_ORGANISATION)
    return RelyingParty(settings.PORTAL_URL, federation, signing, sealing, who, superiors, marks)


def anchor_of_settings() -> Anchor:
    """From OIDC_TRUST_ANCHOR and OIDC_TRUST_ANCHOR_KEYS (a JWK Set). Raises ImproperlyConfigured."""
    return _anchor(settings.OIDC_TRUST_ANCHOR, settings.OIDC_TRUST_ANCHOR_KEYS)


def trust_mark(mark: str) -> dict[str, Any]:
    """The claims of one of our trust marks, which we publish unchanged. Raises ImproperlyConfigured."""
    try:
        claims = jose.unverified(mark)
        jose.text(claims, _name_of(claims))
    except NotTrusted as error:
        raise ImproperlyConfigured(
            "OIDC_TRUST_MARKS must hold the JWTs that the federation issued, one a line."
        ) from error
    return claims


def _name_of(claims: Mapping[str, Any]) -> str:
    """The claim that names a trust mark: `id` in the Italian profile, `trust_mark_type` in the final OpenID Federation 1.0."""
    return "id" if "id" in claims else "trust_mark_type"


def _published(mark: str) -> dict[str, str]:
    claims = trust_mark(mark)
    name = _name_of(claims)
    return {name: claims[name], "trust_mark": mark}


def entity_configuration(party: RelyingParty, now: datetime) -> str:
    """The JWT for /.well-known/openid-federation, signed with our federation key, valid for 48 hours."""
    claims = {
        "iss": party.entity_id,
        "sub": party.entity_id,
        "iat": int(now.timestamp()),
        "exp": int((now + CONFIGURATION_IS_GOOD_FOR).timestamp()),
        "jwks": {"keys": party.federation.published()},
        "authority_hints": list(party.superiors),
        "trust_marks": [_published(mark) for mark in party.trust_marks],
        "metadata": {"federation_entity": _federation_entity(party), RELYING_PARTY: metadata(party)},
    }
    return jose.signed(claims, party.federation.first, STATEMENT)


def metadata(party: RelyingParty) -> dict[str, Any]:
    """Our metadata as an OpenID relying party."""
    return {
        "application_type": "web",
        "client_id": party.entity_id,
        "client_name": party.organisation.display_name,
        "client_registration_types": ["automatic"],
        "contacts": [party.organisation.email],
        # the policy of the federation requires both; the portal never requests a refresh token
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "redirect_uris": [party.answer_address],
        "subject_type": "pairwise",
        "jwks": {"keys": [*party.signing.published(), *party.sealing.published()]},
        "token_endpoint_auth_method": "private_key_jwt",
        "id_token_signed_response_alg": SIGNED_AS,
        "userinfo_signed_response_alg": SIGNED_AS,
        "userinfo_encrypted_response_alg": KEY_SEALED_AS,
        "userinfo_encrypted_response_enc": SEALED_AS,
    }


@lru_cache(maxsize=8)
def _anchor(entity_id: str, jwks: str) -> Anchor:
    try:
        keys = jose.public_keys(json.loads(jwks))
    except (ValueError, RecursionError):
        keys = ()
    if not (keys and entity_id):
        raise ImproperlyConfigured("OIDC_TRUST_ANCHOR needs OIDC_TRUST_ANCHOR_KEYS: a JWK Set with its RSA keys.")
    return Anchor(entity_id, keys)


def _federation_entity(party: RelyingParty) -> dict[str, Any]:
    return {
        "organization_name": party.organisation.name,
        "homepage_uri": party.organisation.url,
        "policy_uri": f"{settings.PORTAL_URL}{reverse('pages:information', args=['privacy'])}",
        "contacts": [party.organisation.email],
        "federation_resolve_endpoint": f"{settings.PORTAL_URL}{reverse('identity:resolve')}",
    }


def _ring(name: str, purpose: tuple[str, str]) -> KeyRing:
    try:
        return key_ring(getattr(settings, name), purpose)
    except KeyUnusable as error:
        raise ImproperlyConfigured(f"{name} cannot be used: {error}.") from error
