"""The endpoints of the stub OpenID provider and of the stub trust anchor; only the portal calls them."""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe
from joserfc.jwk import RSAKey

from portal.demo.identity import openid_desk
from portal.demo.identity.faults import WRONG_KEY
from portal.demo.identity.openid_answers import GOOD_FOR, OpenidAnswer, id_claims, person_claims
from portal.demo.identity.openid_faults import IN_CLEAR, SILENT, UNSIGNED, fault_of
from portal.identity.providers.oidc import jose
from portal.identity.providers.oidc.answer import JWT_BEARER
from portal.identity.providers.oidc.federation import MEDIA_TYPE, ChainBroken
from portal.identity.providers.oidc.jose import NotTrusted
from portal.identity.providers.oidc.keys import SEALING
from portal.identity.providers.oidc.request import FISCAL_NUMBER, challenge_of
from portal.secrets.sealing import SealBroken, seal, unseal
from portal.time.clock import real_now_of


class Refused(Exception):
    """The protocol error to answer, with its HTTP status."""

    def __init__(self, error: str, status: int = 0) -> None:
        super().__init__(error)
        self.error, self.status = error, status or (401 if error == "invalid_client" else 400)


def code_for(question: openid_desk.OpenidQuestion, person: Mapping[str, Any], fault: str, now: datetime) -> str:
    """Returns an authorization code: the whole login, encrypted, so that nothing needs to be stored."""
    kept = {
        "audience": question.claims["client_id"], "nonce": question.claims["nonce"], "at": now.timestamp(),
        "redirect_uri": question.claims["redirect_uri"], "challenge": question.claims["code_challenge"], "fault": fault,
        "level": person["level"],
        "person": {
            "given_name": person["given_name"], "family_name": person["family_name"], FISCAL_NUMBER: person["fiscal_number"],
        },
    }  # fmt: skip
    return seal(json.dumps(kept).encode()).decode()


def answer_of(kept: Mapping[str, Any], now: datetime) -> OpenidAnswer:
    """Returns the provider's answer for the content of a code."""
    return OpenidAnswer(
        issuer=openid_desk.provider_id(), audience=kept["audience"], nonce=kept["nonce"], at=now,
        authenticated_at=datetime.fromtimestamp(kept["at"], timezone.now().tzinfo), level=kept["level"], person=kept["person"],
        subject=sha256(str(kept["person"][FISCAL_NUMBER]).encode()).hexdigest(),
    )  # fmt: skip


def _endpoint(view: Callable[[HttpRequest, datetime], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answers protocol errors as JSON; forbids caching and indexing, and needs no CSRF token."""

    @csrf_exempt
    def answered(request: HttpRequest) -> HttpResponse:
        try:
            response = view(request, real_now_of(request))
        except Refused as refusal:
            response = JsonResponse({"error": refusal.error}, status=refusal.status)
        response["X-Robots-Tag"], response["Cache-Control"] = "noindex, nofollow", "no-store"
        return response

    return answered


@require_POST
@_endpoint
def token(request: HttpRequest, now: datetime) -> HttpResponse:
    """Exchanges a code for the tokens, once."""
    client = _client(request, "demo:openid_token", now)
    kept = kept_in(request.POST.get("code", ""), now)
    if (client, request.POST.get("redirect_uri")) != (kept["audience"], kept["redirect_uri"]):
        raise Refused("invalid_grant")
    if challenge_of(request.POST.get("code_verifier", "")) != kept["challenge"]:
        raise Refused("invalid_grant")
    _once("code", request.POST["code"], "invalid_grant")
    if kept["fault"] == SILENT:
        raise Refused("temporarily_unavailable", 503)
    access_token = seal(json.dumps(kept | {"for": "userinfo"}).encode()).decode()
    claims = fault_of(kept["fault"]).token(id_claims(answer_of(kept, now), access_token))
    answer = {"access_token": access_token, "token_type": "Bearer", "expires_in": 300}
    return JsonResponse(answer | {"id_token": _signed(claims, kept["fault"])})


@require_safe
@_endpoint
def userinfo(request: HttpRequest, now: datetime) -> HttpResponse:
    """Answers the person's claims, signed and encrypted for the client."""
    access_token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    kept = kept_in(access_token, now)
    if kept.get("for") != "userinfo" or cache.get(_seen("revoked", access_token)):
        raise Refused("invalid_token", 401)
    claims = fault_of(kept["fault"]).person(person_claims(answer_of(kept, now)))
    signed = jose.signed(claims, openid_desk.signing_key())
    body = signed if kept["fault"] == IN_CLEAR else jose.sealed(signed, _sealing_key(kept["audience"], now))
    return HttpResponse(body, content_type="application/jwt")


@require_POST
@_endpoint
def revocation(request: HttpRequest, now: datetime) -> HttpResponse:
    _client(request, "demo:openid_revocation", now)
    cache.set(_seen("revoked", request.POST.get("token", "")), True, GOOD_FOR.total_seconds())
    return HttpResponse()


@require_safe
@_endpoint
def provider_configuration(request: HttpRequest, now: datetime) -> HttpResponse:
    return HttpResponse(openid_desk.provider_configuration(now), content_type=MEDIA_TYPE)


@require_safe
@_endpoint
def anchor_configuration(request: HttpRequest, now: datetime) -> HttpResponse:
    return HttpResponse(openid_desk.anchor_configuration(now), content_type=MEDIA_TYPE)


@require_safe
@_endpoint
def anchor_fetch(request: HttpRequest, now: datetime) -> HttpResponse:
    found = openid_desk.statement_about(request.GET.get("sub", ""), now)
    if found is None:
        raise Refused("not_found", 404)
    return HttpResponse(found, content_type=MEDIA_TYPE)


def _client(request: HttpRequest, endpoint: str, now: datetime) -> str:
    """Authenticates the client by its signed assertion, made for this endpoint and used once. Raises Refused."""
    try:
        client = openid_desk.client_chain(request.POST.get("client_id", ""), now)
        keys = jose.public_keys(client.metadata.get("jwks"))
        claims = jose.verified(request.POST.get("client_assertion", ""), keys)
        good = (
            request.POST.get("client_assertion_type") == JWT_BEARER
            and claims.get("iss") == claims.get("sub") == client.subject
            and claims.get("aud") == f"{settings.STUB_IDENTITY_URL}{reverse(endpoint)}"
            and jose.instant(claims, "exp") > now
        )
        number = jose.text(claims, "jti")
    except (ChainBroken, NotTrusted) as error:
        raise Refused("invalid_client") from error
    if not good:
        raise Refused("invalid_client")
    _once("assertion", number, "invalid_client")
    return client.subject


def kept_in(sealed: str, now: datetime) -> dict[str, Any]:
    """Decrypts a code or an access token that has not expired. Raises Refused."""
    try:
        kept: dict[str, Any] = json.loads(unseal(sealed.encode()))
    except (SealBroken, ValueError) as error:
        raise Refused("invalid_grant") from error
    if now.timestamp() > kept["at"] + GOOD_FOR.total_seconds():
        raise Refused("invalid_grant")
    return kept


def _once(purpose: str, value: str, error: str) -> None:
    if not cache.add(_seen(purpose, value), True, timedelta(hours=1).total_seconds()):
        raise Refused(error)


def _seen(purpose: str, value: str) -> str:
    return f"portal.demo.openid.{purpose}.{sha256(value.encode()).hexdigest()}"


def _signed(claims: Mapping[str, Any], fault: str) -> str:
    if fault == UNSIGNED:
        return f"{_base64({'alg': 'none'})}.{_base64(claims)}."
    return jose.signed(claims, openid_desk.strangers_key() if fault == WRONG_KEY else openid_desk.signing_key())


def _base64(part: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(dict(part)).encode()).decode().rstrip("=")


def _sealing_key(client_id: str, now: datetime) -> RSAKey:
    """Returns the relying party's encryption key."""
    listed = openid_desk.client_chain(client_id, now).metadata["jwks"]["keys"]
    return RSAKey.import_key(next(key for key in listed if key.get("use") == SEALING[0]))
