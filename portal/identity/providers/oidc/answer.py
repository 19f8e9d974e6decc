"""The answer of the provider: authorization code, tokens, userinfo.

Source: SPID/CIE OpenID Connect, "Token Endpoint", "UserInfo Endpoint", "Revocation Endpoint"; OpenID Connect Core, 3.1.3.7;
RFC 9207 (`iss` in the answer).
"""

import base64
import json
import secrets
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from portal.identity.identity import CLOCKS_DIFFER_BY, LoginRefused
from portal.identity.providers.oidc import jose
from portal.identity.providers.oidc.jose import NotTrusted, instant, text
from portal.identity.providers.oidc.relying_party import RelyingParty
from portal.identity.providers.oidc.request import nonce_of, verifier_of
from portal.identity.providers.oidc.wire import OpenIdReply, Unreachable, Wire
from portal.identity.providers.saml.names import LEVELS
from portal.secrets.codes import same

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_IS_GOOD_FOR = timedelta(minutes=1)
LONGEST_CODE = 4_096  # characters

# Errors of the profile that the person can act on.
REFUSALS = {
    "access_denied": "access-denied",
    "login_required": "login-required",
    "interaction_required": "login-required",
    "consent_required": "22",
    "invalid_grant": "answer-expired",  # the code expired, or was used
    "server_error": "unavailable",
    "temporarily_unavailable": "unavailable",
}
# Errors that mean our request is wrong.
_OURS_IS_WRONG = {
    "invalid_request", "invalid_scope", "invalid_client", "unauthorized_client", "unsupported_grant_type",
    "unsupported_response_type", "invalid_request_object", "request_uri_not_supported", "registration_not_supported",
}  # fmt: skip


@dataclass(frozen=True)
class OpenIdLogin:
    """The pending login: our relying party, the provider's metadata, the state, and when it began (UTC)."""

    party: RelyingParty
    provider: Mapping[str, Any]  # its metadata, from the chain of trust
    state: str
    started_at: datetime


@dataclass(frozen=True)
class OpenIdAnswer:
    """The signed claims about the person. `level` None: an `acr` that the profile does not name."""

    claims: Mapping[str, Any]
    level: int | None
    authenticated_at: datetime
    token_id: str
    person_id: str  # `jti` of the userinfo


def redeem_code(
    login: OpenIdLogin, query: Mapping[str, str], wire: Wire, exchange: MutableMapping[str, str], now: datetime
) -> OpenIdAnswer:
    """Exchanges the authorization code for tokens, reads the userinfo, and always revokes the access token.

    `query`: the parameters that the browser brought. `exchange` receives every back-channel request and answer, for the
    record of the login. Raises LoginRefused and nothing else.
    """
    code = _code(login, query)
    try:
        tokens = _tokens(login, code, wire, exchange, now)
        access_token = text(tokens, "access_token")
    except NotTrusted as error:
        raise LoginRefused("malformed", f"token answer: {error}") from error
    try:
        return _verified(login, tokens, access_token, wire, exchange, now)
    except NotTrusted as error:
        raise LoginRefused("signature", str(error)) from error
    finally:
        _revoke(login, access_token, wire, exchange, now)


def _code(login: OpenIdLogin, query: Mapping[str, str]) -> str:
    """The authorization code. An `iss` must name the provider that was asked; only an error, which lets nobody in, may lack
    it. Raises LoginRefused.
    """
    issuer, error = query.get("iss", ""), query.get("error", "")
    if issuer != login.provider["issuer"] and (issuer or not error):
        raise LoginRefused("not-asked", "iss of the answer")
    if error:
        raise _declined(error)
    code = query.get("code", "")
    if not (code and len(code) <= LONGEST_CODE and code.isascii() and code.isprintable()):
        raise LoginRefused("malformed", "code")
    return code


def _declined(error: str) -> LoginRefused:
    if error in _OURS_IS_WRONG:
        return LoginRefused("wrong-request", error)
    return LoginRefused(REFUSALS.get(error, "declined"), error if error in REFUSALS else "an error of no standard")


def _tokens(
    login: OpenIdLogin, code: str, wire: Wire, exchange: MutableMapping[str, str], now: datetime
) -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": verifier_of(login.state),
        "redirect_uri": login.party.answer_address,
        **_client(login, "token_endpoint", now),
    }
    reply = _post(wire, "token", login.provider["token_endpoint"], form, exchange)
    answer = _json(reply)
    if reply.status != 200:
        error = answer.get("error")
        raise _declined(error) if isinstance(error, str) else LoginRefused("unavailable", f"token: {reply.status}")
    if str(answer.get("token_type", "")).lower() != "bearer":
        raise NotTrusted("token_type")
    return answer


def _verified(
    login: OpenIdLogin,
    tokens: Mapping[str, Any],
    access_token: str,
    wire: Wire,
    exchange: MutableMapping[str, str],
    now: datetime,
) -> OpenIdAnswer:
    keys = jose.public_keys(login.provider.get("jwks"))
    token = jose.verified(text(tokens, "id_token"), keys)
    _check_envelope(token, login, now)
    if not same(text(token, "nonce"), nonce_of(login.state)):
        raise LoginRefused("unsolicited", "nonce")
    if not same(text(token, "at_hash"), half_hash(access_token)):
        raise LoginRefused("signature", "at_hash")
    authenticated_at = instant(token, "auth_time" if "auth_time" in token else "iat")
    if authenticated_at > now + CLOCKS_DIFFER_BY:
        raise LoginRefused("answer-expired", "auth_time in the future")
    claims = _userinfo(login, access_token, wire, exchange)
    person = jose.verified(claims, keys)
    exchange["userinfo"] = claims
    if text(person, "iss") != login.provider["issuer"]:
        raise LoginRefused("not-asked", "iss of the userinfo")
    if not _is_for(person, login.party.entity_id):
        raise LoginRefused("not-for-us", "aud of the userinfo")
    if text(person, "sub") != text(token, "sub"):
        raise LoginRefused("signature", "sub of the userinfo")
    if "exp" in person and instant(person, "exp") <= now:
        raise LoginRefused("answer-expired", "userinfo")
    return OpenIdAnswer(
        person,
        LEVELS.get(text(token, "acr")),
        authenticated_at,
        _jti(token),
        _jti(person),
    )


def _jti(claims: Mapping[str, Any]) -> str:
    return text(claims, "jti") if "jti" in claims else ""


def _check_envelope(token: Mapping[str, Any], login: OpenIdLogin, now: datetime) -> None:
    """Checks issuer, audience and times of the id_token. Clock skew is tolerated, except for the expiry. Raises LoginRefused and
    NotTrusted.
    """
    if text(token, "iss") != login.provider["issuer"]:
        raise LoginRefused("not-asked", "iss of the id_token")
    if not _is_for(token, login.party.entity_id) or token.get("azp", login.party.entity_id) != login.party.entity_id:
        raise LoginRefused("not-for-us", "aud of the id_token")
    if instant(token, "exp") <= now:
        raise LoginRefused("answer-expired", "id_token")
    begins = max(instant(token, name) for name in ("iat", "nbf") if name in token or name == "iat")
    if begins > now + CLOCKS_DIFFER_BY:
        raise LoginRefused("answer-expired", "id_token of the future")
    if instant(token, "iat") < login.started_at - CLOCKS_DIFFER_BY:
        raise LoginRefused("stale", "iat")


def _userinfo(login: OpenIdLogin, access_token: str, wire: Wire, exchange: MutableMapping[str, str]) -> str:
    """The userinfo: a signed JWT, decrypted with our key. Raises LoginRefused and NotTrusted."""
    if not (access_token.isascii() and access_token.isprintable() and " " not in access_token):
        raise NotTrusted("access_token")
    try:
        reply = wire.get(login.provider["userinfo_endpoint"], {"Authorization": f"Bearer {access_token}"})
    except Unreachable as error:
        raise LoginRefused("unavailable", f"userinfo: {error}") from error
    exchange["userinfo answer"] = reply.text
    if reply.status != 200:
        raise LoginRefused("unavailable", f"userinfo: {reply.status}")
    return jose.opened(reply.text.strip(), login.party.sealing.keys)


def _revoke(
    login: OpenIdLogin, access_token: str, wire: Wire, exchange: MutableMapping[str, str], now: datetime
) -> None:
    """Revokes the access token at once: the portal needs it no longer and stores it nowhere. The profile requires it at the
    logout at the latest. A failure is only recorded: the token expires by itself.
    """
    form = {"token": access_token, **_client(login, "revocation_endpoint", now)}
    try:
        _post(wire, "revocation", login.provider["revocation_endpoint"], form, exchange)
    except LoginRefused as error:
        exchange["revocation answer"] = str(error)


def _post(
    wire: Wire, name: str, address: str, form: Mapping[str, str], exchange: MutableMapping[str, str]
) -> OpenIdReply:
    exchange[f"{name} request"] = json.dumps(form)
    try:
        reply = wire.post(address, form)
    except Unreachable as error:
        raise LoginRefused("unavailable", f"{name}: {error}") from error
    exchange[f"{name} answer"] = f"{reply.status} {reply.text}"
    return reply


def _client(login: OpenIdLogin, endpoint: str, now: datetime) -> dict[str, str]:
    """Client authentication by private_key_jwt: for one endpoint, single use, valid for one minute."""
    claims = {
        "iss": login.party.entity_id,
        "sub": login.party.entity_id,
        "aud": login.provider[endpoint],
        "iat": int(now.timestamp()),
        "exp": int((now + ASSERTION_IS_GOOD_FOR).timestamp()),
        "jti": secrets.token_hex(16),
    }
    assertion = jose.signed(claims, login.party.signing.first)
    return {"client_id": login.party.entity_id, "client_assertion_type": JWT_BEARER, "client_assertion": assertion}


def half_hash(access_token: str) -> str:
    """The `at_hash` of an access token. Source: OpenID Connect Core, 3.1.3.6."""
    return base64.urlsafe_b64encode(sha256(access_token.encode()).digest()[:16]).decode().rstrip("=")


def _is_for(claims: Mapping[str, Any], us: str) -> bool:
    return claims.get("aud") in (us, [us])


def _json(reply: OpenIdReply) -> dict[str, Any]:
    try:
        answer = json.loads(reply.body)
    except (ValueError, RecursionError):
        answer = None
    if isinstance(answer, dict):
        return answer
    if reply.status == 200:
        raise NotTrusted("not JSON")
    return {}
