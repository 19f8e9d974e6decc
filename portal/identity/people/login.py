"""Login with a digital identity: start at the provider, verify its answer, open the session or refuse with a reason."""

import logging
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.contrib.auth import authenticate
from django.db import transaction as database
from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme

from portal import measures
from portal.identity import access
from portal.identity.identity import CLOCKS_DIFFER_BY, MINIMUM_LEVEL, Identity, LoginRefused
from portal.identity.models import LoginRecord, LoginTransaction, PasswordFailure, PersonSession, User
from portal.identity.models.login import person_hash, sealed_document, subject_hash
from portal.identity.people import login_brake
from portal.identity.people.refusal_sentences import OUR_REQUEST_IS_WRONG
from portal.identity.providers.base import Provider
from portal.secrets.sealing import SealBroken, unseal
from portal.values import codice_fiscale
from portal.web.client_address import client_address
from portal.web.places import place_of

logger = logging.getLogger(__name__)

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_LONGEST_URL = 500
_LONGEST_NAME = 120
_DOOR = "login"
# Refusals recorded from one address in 15 minutes; further ones only count in the metrics, so that a flood fills no disk.
REFUSALS_WRITTEN = 50


@dataclass(frozen=True)
class LoginOutcome:
    """The signed-in user, or the code of the refusal (refusal_sentences.py). `next_url`: a checked local path, or empty.

    `professional`: the login began at the second button of SPID.
    """

    user: User | None
    refusal: str
    next_url: str
    professional: bool = False
    session: PersonSession | None = None  # of the signed-in user


class TooManyBegun(LoginRefused):
    """Too many logins were begun from this place, or in all. `until`: when the next may begin (UTC)."""

    def __init__(self, until: datetime) -> None:
        super().__init__("too-many-begun")
        self.until = until


def begin(request: HttpRequest, provider: Provider, next_url: str, now: datetime, purpose: str = "") -> HttpResponse:
    """Creates the pending login, binds it to this browser with a cookie, and redirects to the provider.

    `purpose`: "", or the provider's own for identities for professional use; never what the browser sent. The session cookie cannot do it: it is SameSite=Lax, and the answer is a POST from the provider's site. Raises
    LoginRefused when no provider is available, and TooManyBegun (login_brake.py).
    """
    place = place_of(client_address(request.META))
    if until := login_brake.not_before(place, now):
        raise TooManyBegun(until)
    browser = _browser_of(request) or secrets.token_urlsafe(32)
    transaction, state = LoginTransaction.begin(
        provider.key,
        browser,
        local_url(request, next_url),
        now,
        request.session.session_key or "",
        purpose=purpose,
        place_hash=login_brake.hash_of(place),
    )
    response = provider.start(request, transaction, state)
    response.set_cookie(
        cookie_name(),
        browser,
        max_age=settings.LOGIN_PENDING_FOR,
        path="/",
        secure=settings.SECURE_COOKIES,
        httponly=True,
        samesite="None" if settings.SECURE_COOKIES else "Lax",  # browsers accept None only with Secure
    )
    return response


def complete(request: HttpRequest, provider: Provider, now: datetime) -> LoginOutcome:
    """Consumes the pending login, verifies the answer and opens the portal session; records the result (refusals as _write_down() allows)."""
    browser = _browser_of(request)
    state = provider.state_of(request)
    transaction = LoginTransaction.objects.consume(state, browser, provider.key, now)
    if transaction is None:
        code, lost = LoginTransaction.objects.why_not(state, browser, provider.key)
        return _refuse(request, provider, LoginRefused(code), lost, now)
    record = _record_of(transaction, now)
    try:
        identity = _verified(request, provider, transaction, record, now)
        record.person_hash, record.level = person_hash(identity.codice_fiscale), identity.level
        record.subject_hash = subject_hash(identity.subject) if identity.subject else ""
        record.answer_id, record.assertion_id = identity.answer_id, identity.assertion_id
        with database.atomic():
            user = _admit(request, identity)
            record.user, record.outcome = user, "ok"
            record.save()
    except LoginRefused as refusal:
        return _refuse(request, provider, refusal, transaction, now, record)
    _take_the_session_up(request, transaction)
    session = access.remember(request, user, identity)
    measures.LOGINS.labels(provider.key, "ok").inc()
    return LoginOutcome(user, "", local_url(request, transaction.next_url), session=session)


def card_refused(request: HttpRequest, provider: Provider, state: str, refusal: LoginRefused, now: datetime) -> None:
    """Records a card refused on the host of the cards. The login stays pending: the person may try another card."""
    waiting = LoginTransaction.objects.waiting(state, provider.key, now)
    _write_down(request, LoginRecord(transaction=waiting, provider=provider.key, at=now), refusal)
    logger.info("card refused: %s (%s)", refusal.code, refusal)


def cookie_name() -> str:
    """The name of the cookie. With `__Host-` browsers refuse one set by a sibling domain or without https."""
    return "__Host-accesso" if settings.SECURE_COOKIES else "accesso"


def forget_browser(response: HttpResponse) -> None:
    """Deletes the cookie of the login."""
    response.set_cookie(
        cookie_name(),
        "",
        max_age=0,
        path="/",
        secure=settings.SECURE_COOKIES,
        httponly=True,
        samesite="None" if settings.SECURE_COOKIES else "Lax",
    )


def local_url(request: HttpRequest, url: str) -> str:
    """The url when it is a local path of at most 500 characters, else empty: prevents open redirects."""
    local = url.startswith("/") and url_has_allowed_host_and_scheme(
        url, allowed_hosts=None, require_https=request.is_secure()
    )
    return url if local and url.isprintable() and len(url) <= _LONGEST_URL else ""


def _browser_of(request: HttpRequest) -> str:
    value = request.COOKIES.get(cookie_name(), "")
    return value if _SECRET.fullmatch(value) else ""


def _verified(
    request: HttpRequest, provider: Provider, transaction: LoginTransaction, record: LoginRecord, now: datetime
) -> Identity:
    """The verified identity. Stores the answer in the record in any case. Raises LoginRefused."""
    try:
        return _checked(provider.finish(request, transaction), transaction, now)
    finally:
        record.sealed_response = sealed_document(provider.answer_document(request, transaction))


def _record_of(transaction: LoginTransaction, now: datetime) -> LoginRecord:
    """A record with the request; the answer and the outcome are added later."""
    return LoginRecord(
        transaction=transaction,
        provider=transaction.provider,
        purpose=transaction.purpose,
        at=now,
        asked_at=transaction.started_at,
        issuer=transaction.issuer,
        request_id=transaction.request_id or "",
        sealed_request=transaction.sealed_request,
    )


def _take_the_session_up(request: HttpRequest, transaction: LoginTransaction) -> None:
    """Restores the session that this browser had when the login began: its Lax cookie does not come with a POST from the
    provider's site.

    `django.contrib.auth.login` then changes the session key, and drops the data of another person's session.
    """
    if request.session.session_key is None and transaction.sealed_session:
        with suppress(SealBroken):  # sealed with a key that is gone: start a new session
            request.session = type(request.session)(unseal(transaction.sealed_session).decode())


def _checked(identity: Identity, transaction: LoginTransaction, now: datetime) -> Identity:
    """Checks common to all providers (level, codice fiscale, fresh authentication), and cleans the names. Raises LoginRefused."""
    if identity.level < MINIMUM_LEVEL:
        raise LoginRefused("20", f"level {identity.level}")
    fiscal_code = codice_fiscale.normalise(identity.codice_fiscale)
    if not codice_fiscale.is_valid(fiscal_code):
        raise LoginRefused("no-codice-fiscale")
    if identity.authenticated_at < transaction.started_at - CLOCKS_DIFFER_BY:
        raise LoginRefused("stale")  # older than this login: the portal always requires a new authentication
    return replace(
        identity,
        codice_fiscale=fiscal_code,
        given_name=_as_a_name(identity.given_name),
        family_name=_as_a_name(identity.family_name),
        authenticated_at=min(identity.authenticated_at, now),
    )


def _as_a_name(text: str) -> str:
    """Cleans a name: one line of printable characters, at most 120, because letters carry it in fields that programs read by line."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())[
        :_LONGEST_NAME
    ]


def _admit(request: HttpRequest, identity: Identity) -> User:
    user = authenticate(request, identity=identity)
    if not isinstance(user, User):
        raise LoginRefused("inactive")
    return user


def _refuse(
    request: HttpRequest,
    provider: Provider,
    refusal: LoginRefused,
    transaction: LoginTransaction | None,
    now: datetime,
    record: LoginRecord | None = None,
) -> LoginOutcome:
    purpose = transaction.purpose if transaction else ""
    unread = LoginRecord(transaction=transaction, provider=provider.key, purpose=purpose, at=now)
    _write_down(request, record or unread, refusal)
    # logs our own text, never the answer's. Codes 8 to 18: our request is wrong, and only an operator can mend it
    level = logging.ERROR if refusal.code in OUR_REQUEST_IS_WRONG else logging.INFO
    logger.log(level, "login with %s refused: %s (%s)", provider.key, refusal.code, refusal)
    if transaction is None:
        return LoginOutcome(None, refusal.code, "")
    return LoginOutcome(None, refusal.code, local_url(request, transaction.next_url), bool(purpose))


def _write_down(request: HttpRequest, record: LoginRecord, refusal: LoginRefused) -> None:
    """Counts every refusal in the metrics; records it only for a login that was begun here, and within REFUSALS_WRITTEN.

    A record is kept for 24 months and its link in the chain forever, so an unsolicited answer must not create one.
    """
    record.outcome = refusal.code[:40]
    measures.LOGINS.labels(record.provider, record.outcome).inc()
    if record.transaction is None:
        return
    here = PasswordFailure.hash_of_place(_DOOR, place_of(client_address(request.META)))
    failures = PasswordFailure.objects.of_door(_DOOR)
    if failures.recent(record.at).filter(address_hash=here).end_of_lock(REFUSALS_WRITTEN) is None:
        failures.create(door=_DOOR, address_hash=here, at=record.at)
        record.save()
