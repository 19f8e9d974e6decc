"""Passkeys of operators: the two ceremonies of WebAuthn on top of fido2, with user verification required.

The challenge waits in the sealed session, for one ceremony, one operator and CEREMONY_FOR. fido2 checks challenge, type, RP id, flags
and signature; this module adds the exact origin, no embedding page, the owner, and the counter. Source: W3C Web
Authentication Level 3, 7.1 and 7.2.
"""

import ipaddress
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    UserVerificationRequirement,
)

from portal.identity.models import StaffPasskey, User
from portal.secrets.codes import keyed_hash

CEREMONY_FOR = timedelta(minutes=5)
LONGEST_ANSWER = 20_000  # characters
MOST_PASSKEYS = 10  # of one operator
_CHALLENGES = "passkey_challenges"
_REGISTER, _SHOW = "register", "show"
_REQUIRED = UserVerificationRequirement.REQUIRED


class PasskeyRefused(Exception):
    """The answer of the browser is not what this ceremony asked for. The text is for the log."""


class PasskeyCopied(PasskeyRefused):
    """The counter did not grow: somebody may hold a copy of the passkey. Source: WebAuthn, 6.1.1."""


@dataclass(frozen=True)
class _Party:
    """The portal as browsers see it: its origin and its RP id (the host name)."""

    origin: str
    host: str


def is_possible(request: HttpRequest) -> bool:
    """False where the portal's address is a number: browsers make passkeys for host names only."""
    try:
        ipaddress.ip_address(_party(request).host.strip("[]"))
    except ValueError:
        return True
    return False


def passkeys_of(user: User) -> list[StaffPasskey]:
    """The operator's passkeys, oldest first."""
    return list(StaffPasskey.objects.filter(user=user, confirmed=True).order_by("pk"))


def begin_registration(request: HttpRequest, user: User, now: datetime) -> str:
    """The options for navigator.credentials.create(), as JSON."""
    entity = PublicKeyCredentialUserEntity(id=_handle(user), name=user.username, display_name=user.full_name)
    known = [_data(passkey) for passkey in passkeys_of(user)]
    options, state = _server(request).register_begin(entity, known, user_verification=_REQUIRED)
    _waits(request, _REGISTER, user, state, now)
    return json.dumps(dict(options))


def register(request: HttpRequest, user: User, answer: str, label: str, now: datetime) -> StaffPasskey:
    """Stores the new passkey. Raises PasskeyRefused."""
    state = _state_of(request, _REGISTER, user, now)
    try:
        response = RegistrationResponse.from_dict(_read(answer))
        made = _server(request).register_complete(state, response)
        embedded = response.response.client_data.cross_origin
    except Exception as error:  # fido2 raises many kinds for malformed answers
        raise PasskeyRefused(str(error)) from error
    if embedded or made.credential_data is None:
        raise PasskeyRefused("embedded page" if embedded else "no credential")
    data = made.credential_data
    try:
        with transaction.atomic():
            passkey: StaffPasskey = StaffPasskey.objects.create(
                user=user,
                name=label,
                credential=bytes(data),
                credential_hash=StaffPasskey.hash_of(data.credential_id),
                counter=made.counter,
            )
    except IntegrityError as error:
        raise PasskeyRefused("registered before") from error
    return passkey


def begin(request: HttpRequest, user: User, now: datetime) -> str:
    """The options for navigator.credentials.get(), as JSON; "" for an operator without a passkey."""
    known = [_data(passkey) for passkey in passkeys_of(user)]
    if not known or not is_possible(request):
        return ""
    options, state = _server(request).authenticate_begin(known, user_verification=_REQUIRED)
    _waits(request, _SHOW, user, state, now)
    return json.dumps(dict(options))


def verified(request: HttpRequest, user: User, answer: str, now: datetime) -> StaffPasskey:
    """The passkey that signed the challenge of this browser. Raises PasskeyRefused, PasskeyCopied."""
    state = _state_of(request, _SHOW, user, now)
    known = passkeys_of(user)
    try:
        response = AuthenticationResponse.from_dict(_read(answer))
        signer = _server(request).authenticate_complete(state, [_data(passkey) for passkey in known], response)
        embedded, handle = response.response.client_data.cross_origin, response.response.user_handle
        counter = response.response.authenticator_data.counter
    except Exception as error:  # fido2 raises many kinds for malformed answers
        raise PasskeyRefused(str(error)) from error
    if embedded or (handle and handle != _handle(user)):
        raise PasskeyRefused("embedded page" if embedded else "another operator")
    with transaction.atomic():
        row: StaffPasskey | None = StaffPasskey.objects.select_for_update(no_key=True).filter(
            user=user, credential_hash=StaffPasskey.hash_of(signer.credential_id)
        ).first()  # fmt: skip
        if row is None:
            raise PasskeyRefused("removed meanwhile")
        if counter <= row.counter and (counter or row.counter):
            raise PasskeyCopied(f"counter {counter} after {row.counter}")
        row.counter = counter
        row.set_last_used_timestamp(commit=False)
        row.save(update_fields=["counter", "last_used_at"])
    return row


def _server(request: HttpRequest) -> Fido2Server:
    party = _party(request)
    entity = PublicKeyCredentialRpEntity(id=party.host, name=settings.OTP_TOTP_ISSUER)
    return Fido2Server(entity, verify_origin=lambda origin: origin == party.origin)


def _party(request: HttpRequest) -> _Party:
    """From PORTAL_URL; in the demonstration from the request, because it answers at several names of this machine."""
    url = urlsplit(request.build_absolute_uri("/") if settings.DEMO else settings.PORTAL_URL)
    return _Party(f"{url.scheme}://{url.netloc}", url.hostname or "")


def _handle(user: User) -> bytes:
    """The operator's name for authenticators: 32 bytes that say nothing about the person (WebAuthn, 14.6.1)."""
    return sha256(keyed_hash("staff-passkey-user", str(user.pk)).encode()).digest()


def _data(passkey: StaffPasskey) -> AttestedCredentialData:
    return AttestedCredentialData(bytes(passkey.credential))


def _waits(request: HttpRequest, ceremony: str, user: User, state: Any, now: datetime) -> None:
    waiting = dict(request.session.get(_CHALLENGES, {}))
    waiting[ceremony] = {**state, "user": user.pk, "until": (now + CEREMONY_FOR).timestamp()}
    request.session[_CHALLENGES] = waiting


def _state_of(request: HttpRequest, ceremony: str, user: User, now: datetime) -> dict[str, Any]:
    """The challenge of this ceremony, once. Raises PasskeyRefused."""
    waiting = dict(request.session.get(_CHALLENGES, {}))
    state: dict[str, Any] | None = waiting.pop(ceremony, None)
    request.session[_CHALLENGES] = waiting
    if state is None or state["user"] != user.pk or now.timestamp() >= state["until"]:
        raise PasskeyRefused("no challenge waits")
    return state


def _read(answer: str) -> Any:
    if len(answer) > LONGEST_ANSWER:
        raise ValueError("too long")
    return json.loads(answer)
