"""A stub OpenID provider and a stub trust anchor of its federation, with their own keys and published configurations.

The portal calls them inside the process (`in_process`): a single worker that called itself over the network would deadlock.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import httpx
from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from joserfc.jwk import RSAKey

from portal.demo.identity.saml_desk import ORGANISATION, StubQuestion
from portal.identity.providers.oidc import federation, jose
from portal.identity.providers.oidc.federation import (
    MEDIA_TYPE,
    PROVIDER,
    RELYING_PARTY,
    STATEMENT,
    Anchor,
    ChainBroken,
    TrustChain,
)
from portal.identity.providers.oidc.jose import KEY_SEALED_AS, SEALED_AS, SIGNED_AS, NotTrusted
from portal.identity.providers.oidc.keys import SEALING, SIGNING, KeyRing, of_key
from portal.identity.providers.oidc.relying_party import RelyingParty
from portal.identity.providers.oidc.wire import Unreachable, Wire
from portal.identity.providers.saml.keys import made_once
from portal.identity.providers.saml.names import LEVELS

METHOD = "cie-oidc"
GOOD_FOR = timedelta(days=2)
_NAMES = (
    "federazione", "gestore-federazione", "gestore", "portale-federazione", "portale-firma", "portale-cifra", "sconosciuto",
)  # fmt: skip


@dataclass(frozen=True)
class OpenidQuestion(StubQuestion):
    """The portal's request object, after its signature was verified."""

    claims: Mapping[str, Any] = field(default_factory=dict)


def provider_id() -> str:
    return f"{settings.STUB_IDENTITY_URL}{reverse('demo:identity_provider', args=[METHOD])}".rstrip("/")


def anchor_id() -> str:
    return f"{settings.STUB_IDENTITY_URL}{reverse('demo:anchor_configuration')}".partition("/.well-known")[0]


def anchor() -> Anchor:
    """Returns the trust anchor with its keys, which the portal knows out of band."""
    return Anchor(anchor_id(), _kept("federazione").keys)


def portal_as_relying_party() -> RelyingParty:
    """Returns the demonstration's portal as a relying party, with its own keys."""
    return RelyingParty(
        settings.PORTAL_URL, _kept("portale-federazione"), _kept("portale-firma"), _kept("portale-cifra", SEALING),
        ORGANISATION, (anchor_id(),), (),
    )  # fmt: skip


def signing_key() -> RSAKey:
    """Returns the key that signs the stub's tokens."""
    return _kept("gestore").first


def strangers_key() -> RSAKey:
    """Returns a key unknown to the portal, with the `kid` of the right key."""
    known = _kept("sconosciuto").first.as_dict(private=True)
    return RSAKey.import_key({**known, "kid": str(signing_key().kid)})


def in_process() -> httpx.BaseTransport:
    """Returns a transport that calls this portal without a network connection."""
    return httpx.WSGITransport(app=_application(), raise_app_exceptions=False)


def provider_configuration(now: datetime) -> str:
    """Returns the entity configuration of the stub provider."""
    return _configuration(provider_id(), _kept("gestore-federazione"), now, {
        "authority_hints": [anchor_id()],
        "metadata": {"federation_entity": _organisation(), PROVIDER: _metadata()},
    })  # fmt: skip


def anchor_configuration(now: datetime) -> str:
    fetch = f"{settings.STUB_IDENTITY_URL}{reverse('demo:anchor_fetch')}"
    return _configuration(anchor_id(), _kept("federazione"), now, {
        "metadata": {"federation_entity": _organisation() | {"federation_fetch_endpoint": fetch}},
        "constraints": {"max_path_length": 1},
    })  # fmt: skip


def statement_about(entity_id: str, now: datetime) -> str | None:
    """Returns the anchor's statement about an entity, with keys and metadata policy; None for an unknown entity."""
    if entity_id == provider_id():
        ring, kind, policy = _kept("gestore-federazione"), PROVIDER, _policy_for_providers()
    elif entity_id == settings.PORTAL_URL:
        ring, kind, policy = portal_as_relying_party().federation, RELYING_PARTY, _policy_for_relying_parties()
    else:
        return None
    return jose.signed(
        _signed_by(anchor_id(), entity_id, now)
        | {"jwks": {"keys": ring.published()}, "metadata_policy": {kind: policy}},
        _kept("federazione").first,
        STATEMENT,
    )


def client_chain(client_id: str, now: datetime) -> TrustChain:
    """Resolves the client's trust chain, which is its automatic registration. Raises ChainBroken."""
    return federation.gathered(client_id, RELYING_PARTY, anchor(), _fetched, now)


def question(request: HttpRequest, now: datetime) -> OpenidQuestion | None:
    """Reads the signed request in the URL; None unless the portal signed it, recently, for this provider and its own
    redirect address.
    """
    try:
        client = client_chain(request.GET.get("client_id", ""), now)
        claims = jose.verified(request.GET.get("request", ""), jose.public_keys(client.metadata.get("jwks")))
        good = (
            claims["iss"] == claims["client_id"] == client.subject
            and provider_id() in claims["aud"]
            and claims["redirect_uri"] in client.metadata["redirect_uris"]
            and all(request.GET.get(name) == claims[name] for name in ("scope", "response_type", "code_challenge"))
            and jose.instant(claims, "exp") > now
        )
    except (ChainBroken, NotTrusted, KeyError):
        return None
    if not good:
        return None
    return OpenidQuestion(claims["state"], claims["jti"], json.dumps(claims, indent=2), claims=claims)


def _metadata() -> dict[str, Any]:
    base, signs = provider_id(), [SIGNED_AS]
    return {
        "issuer": base,
        "authorization_endpoint": f"{base}/",
        "token_endpoint": f"{base}/token",
        "userinfo_endpoint": f"{base}/userinfo",
        "revocation_endpoint": f"{base}/revocation",
        "jwks": {"keys": _kept("gestore").published()},
        "acr_values_supported": list(LEVELS),
        "authorization_response_iss_parameter_supported": True,
        "client_registration_types_supported": ["automatic"],
        "code_challenge_methods_supported": ["S256"],
        "grant_types_supported": ["authorization_code"],
        "id_token_signing_alg_values_supported": signs,
        "request_object_signing_alg_values_supported": signs,
        "request_parameter_supported": True,
        "response_types_supported": ["code"],
        "scopes_supported": ["openid"],
        "subject_types_supported": ["pairwise"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": signs,
        "userinfo_signing_alg_values_supported": signs,
        "userinfo_encryption_alg_values_supported": [KEY_SEALED_AS],
        "userinfo_encryption_enc_values_supported": [SEALED_AS],
    }


def _policy_for_providers() -> dict[str, Any]:
    return {
        "jwks": {"essential": True},
        "authorization_response_iss_parameter_supported": {"value": True},
        "code_challenge_methods_supported": {"subset_of": ["S256"], "essential": True},
        "response_types_supported": {"subset_of": ["code"], "essential": True},
        "subject_types_supported": {"subset_of": ["pairwise"], "essential": True},
        "token_endpoint_auth_methods_supported": {"subset_of": ["private_key_jwt"], "essential": True},
    }


def _policy_for_relying_parties() -> dict[str, Any]:
    return {
        "client_registration_types": {"subset_of": ["automatic"], "essential": True},
        "grant_types": {"subset_of": ["authorization_code", "refresh_token"], "superset_of": ["authorization_code"]},
        "redirect_uris": {"essential": True},
        "token_endpoint_auth_method": {"one_of": ["private_key_jwt"], "essential": True},
        "userinfo_encrypted_response_alg": {"one_of": [KEY_SEALED_AS, "RSA-OAEP"], "essential": True},
    }


def _organisation() -> dict[str, Any]:
    return {"organization_name": ORGANISATION.name, "homepage_uri": ORGANISATION.url, "contacts": [ORGANISATION.email]}


def _configuration(entity_id: str, ring: KeyRing, now: datetime, more: dict[str, Any]) -> str:
    claims = _signed_by(entity_id, entity_id, now) | {"jwks": {"keys": ring.published()}} | more
    return jose.signed(claims, ring.first, STATEMENT)


def _signed_by(issuer: str, subject: str, now: datetime) -> dict[str, Any]:
    return {"iss": issuer, "sub": subject, "iat": int(now.timestamp()), "exp": int((now + GOOD_FOR).timestamp())}


def _fetched(address: str) -> str:
    reply = Wire(in_process).get(address)
    if reply.status != 200 or reply.kind != MEDIA_TYPE:
        raise Unreachable(f"no entity statement: {reply.status}")
    return reply.text


class _Inside(BaseHandler):
    """The portal without the request signals, which would close the database connection of the calling request."""

    def __init__(self) -> None:
        super().__init__()
        self.load_middleware()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        response = self.get_response(WSGIRequest(environ))
        start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
        return [response.content if isinstance(response, HttpResponse) else b""]


@lru_cache(maxsize=1)
def _application() -> _Inside:
    return _Inside()


def make_keys() -> None:
    """Creates every key before the first call, because creation takes a moment in a new demonstration."""
    for name in _NAMES:
        _kept(name)


def _kept(name: str, purpose: tuple[str, str] = SIGNING) -> KeyRing:
    return of_key(made_once(settings.VAR_DIR / "oidc", name).key, purpose)
