"""Staff login: password, then the code of the app; only then a session."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import django_otp
from django.conf import settings
from django.contrib.auth import authenticate, login
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from portal.database.claims import hold
from portal.identity import session_ends
from portal.identity.models import PasswordFailure, StaffPasskey, StaffRecoveryCode, StaffTotp, User
from portal.identity.models.failure import PasswordFailureQuerySet
from portal.identity.staff import mailbox, traces, webauthn
from portal.journal.models import record
from portal.secrets.codes import same
from portal.web.client_address import client_address, here
from portal.web.places import place_of

WRONG_PER_USERNAME = 5  # wrong passwords for one username from one address, in PasswordFailure.WINDOW
WRONG_PER_USERNAME_ANYWHERE = 30  # from all addresses: an attacker with one address cannot lock an operator out
WRONG_PER_ADDRESS = 20  # for any username from one address; an office shares one
SECOND_FACTOR_WITHIN = timedelta(minutes=5)  # from the password to the code
ENROLMENT_WITHIN = timedelta(minutes=20)  # from the password to the first code of a new app
GIVEN_PASSWORD_LASTS = timedelta(days=3)  # a temporary password given by an administrator
_WAITING = "staff_waiting"
_DOOR = traces.STAFF  # of PasswordFailure


@dataclass(frozen=True)
class PasswordCheck:
    """The user when the password is right, else None. `locked_until` (UTC): the next attempt; None: now."""

    user: User | None
    locked_until: datetime | None = None


def check_password(request: HttpRequest, username: str, password: str, now: datetime) -> PasswordCheck:
    """Checks username and password. Unknown username, wrong password and not-staff give the same answer in the same time.

    The attempt is stored as a failure before the slow hash and deleted after a success, so that parallel guesses count too.
    """
    name, place = username.strip().casefold(), place_of(client_address(request.META))
    if not name:
        return PasswordCheck(None)
    by_username = PasswordFailure.hash_of_username(_DOOR, name)
    by_place = PasswordFailure.hash_of_place(_DOOR, place)
    is_familiar = mailbox.is_familiar(username, place, now)
    failures = PasswordFailure.objects.of_door(_DOOR)
    attempt = failures.create(door=_DOOR, username_hash=by_username, address_hash=by_place, at=now)
    earlier = failures.filter(pk__lt=attempt.pk).recent(now)
    locked_until = _locked_until(earlier, by_username, by_place, is_familiar=is_familiar)
    meant = User.objects.filter(username=username, is_staff=True).first()
    if locked_until is not None:
        attempt.delete()  # an attempt during the lock does not prolong it
        traces.write(request, traces.LOCKED, username, now, meant)
        return PasswordCheck(None, locked_until)
    user = authenticate(request, username=username, password=password)
    if isinstance(user, User) and not _is_too_old(user, now):
        failures.filter(username_hash=by_username).delete()
        traces.write(request, traces.PASSWORD_RIGHT, username, now, user)
        return PasswordCheck(user)
    locked_until = _locked_until(failures.recent(now), by_username, by_place, is_familiar=is_familiar)
    refused = traces.OLD_PASSWORD if isinstance(user, User) else traces.WRONG_PASSWORD
    traces.write(request, traces.LOCKED_OUT if locked_until else refused, username, now, meant)
    return PasswordCheck(None, locked_until)


def _locked_until(
    recent: PasswordFailureQuerySet, by_username: str, by_place: str | None, *, is_familiar: bool
) -> datetime | None:
    """The end of the lock for this username from this place (UTC); None when it is not locked.

    At a familiar place only the first limit applies: attackers elsewhere, or at the same address with other usernames,
    cannot lock an operator out.
    """
    ends = [recent.filter(username_hash=by_username, address_hash=by_place).end_of_lock(WRONG_PER_USERNAME)]
    if not is_familiar:
        ends.append(recent.filter(username_hash=by_username).end_of_lock(WRONG_PER_USERNAME_ANYWHERE))
        if by_place:
            ends.append(recent.filter(address_hash=by_place).end_of_lock(WRONG_PER_ADDRESS))
    return max((end for end in ends if end is not None), default=None)


def wait_for_code(request: HttpRequest, user: User, next_url: str, now: datetime) -> None:
    """Stores in the session that the password was right; the user is not signed in yet."""
    request.session.cycle_key()
    request.session[_WAITING] = {
        "user": user.pk,
        "password": user.get_session_auth_hash(),
        "until": (now + (SECOND_FACTOR_WITHIN if app_of(user) else ENROLMENT_WITHIN)).timestamp(),
        "next": next_url,
    }


def waiting_for_code(request: HttpRequest, now: datetime) -> User | None:
    """The user who passed the password step in this browser; None when it expired, or the account changed meanwhile."""
    waiting: dict[str, Any] = request.session.get(_WAITING, {})
    if now.timestamp() >= waiting.get("until", 0):
        return None
    user = User.objects.filter(pk=waiting["user"], is_staff=True, is_active=True).first()
    return user if user and same(user.get_session_auth_hash(), waiting["password"]) else None


def wanted_page(request: HttpRequest) -> str:
    """The page that the operator requested before the login."""
    return str(request.session.get(_WAITING, {}).get("next", ""))


def app_of(user: User) -> StaffTotp | None:
    app: StaffTotp | None = StaffTotp.objects.filter(user=user, confirmed=True).order_by("pk").first()
    return app


def _is_too_old(user: User, now: datetime) -> bool:
    """True for a temporary password that was not replaced in time (3 days): it no longer works."""
    return user.password_given_at is not None and now >= user.password_given_at + GIVEN_PASSWORD_LASTS


def code_waits_until(request: HttpRequest, user: User, app: StaffTotp, now: datetime) -> datetime | None:
    """The end of the throttle after wrong codes (UTC), with a trace of this attempt; None when a code may be tried now."""
    locked_until = app.locked_until()
    if locked_until is not None:
        traces.write(request, traces.CODE_TOO_SOON, user.username, now, user)
    return locked_until


def code_is_right(request: HttpRequest, user: User, app: StaffTotp, code: str, now: datetime) -> bool:
    """True for the current code of the app, once; a wrong one leaves a trace."""
    if app.verify_token(code):
        return True
    _wrong_code(request, user, app, now)
    return False


def enter(request: HttpRequest, user: User, app: StaffTotp, code: str, now: datetime) -> str | None:
    """Signs the operator in when the code is right and returns the requested page; None when the code is wrong."""
    return _let_in(request, user, app, now) if code_is_right(request, user, app, code, now) else None


def passkey_is_right(request: HttpRequest, user: User, answer: str, now: datetime) -> StaffPasskey | None:
    """The passkey that signed the challenge of this browser; None for any other answer, which leaves a trace."""
    try:
        return webauthn.verified(request, user, answer, now)
    except webauthn.PasskeyRefused as refusal:
        is_copied = isinstance(refusal, webauthn.PasskeyCopied)
        traces.write(request, traces.PASSKEY_COPIED if is_copied else traces.WRONG_PASSKEY, user.username, now, user)
        return None


def enter_with_passkey(request: HttpRequest, user: User, answer: str, now: datetime) -> str | None:
    """As enter(), with a passkey."""
    passkey = passkey_is_right(request, user, answer, now)
    return _let_in(request, user, passkey, now) if passkey else None


def must_use_passkey(user: User) -> bool:
    """True when the administration demands passkeys and the operator has one: the code of the app does not open."""
    return bool(settings.STAFF_REQUIRE_PASSKEY and webauthn.passkeys_of(user))


def enter_with_recovery_code(request: HttpRequest, user: User, app: StaffTotp, typed: str, now: datetime) -> str | None:
    """As enter(), with a recovery code. A wrong one counts in the same throttle as a wrong code of the app."""
    with transaction.atomic():
        row = StaffTotp.objects.select_for_update(no_key=True).get(pk=app.pk)
        may_try = row.locked_until() is None
        right = may_try and StaffRecoveryCode.use(user, typed, now)
        if may_try and not right:
            row.throttle_increment()
    app.refresh_from_db()
    if not right:
        _wrong_code(request, user, app, now)
        return None
    record("staff.recovered", now=now, actor=user, subject=user, name=user.username)
    return _let_in(request, user, app, now)


def _wrong_code(request: HttpRequest, user: User, app: StaffTotp, now: datetime) -> None:
    is_alarm = app.throttling_failure_count == traces.CODES_BEFORE_AN_ALARM
    traces.write(request, traces.CODES_GUESSED if is_alarm else traces.WRONG_CODE, user.username, now, user)


def enrol(
    request: HttpRequest, user: User, app: StaffTotp, code: str, new_password: str, now: datetime
) -> list[str] | None:
    """Confirms the new app with its first code, signs in and returns the recovery codes in clear, to be shown once; None when
    the code is wrong. `new_password`: "" keeps the present one.
    """
    if not code_is_right(request, user, app, code, now):
        return None
    with transaction.atomic():
        hold(User.objects.filter(pk=user.pk))  # lock order: account before app, as a reset does
        app.confirmed = True
        app.save(update_fields=["confirmed"])
        if new_password:
            user.set_password(new_password)
            user.password_given_at = None
            user.save(update_fields=["password", "password_given_at"])
        codes = StaffRecoveryCode.renew(user, now)
        record("staff.enrolled", now=now, actor=user, subject=user, name=user.username)
        words = _("Al tuo accesso è stata registrata un’app di autenticazione.")
        mailbox.tell(user, _("Nuova app di autenticazione"), words, now)
    _let_in(request, user, app, now)
    return codes


def change_password(request: HttpRequest, user: User, new_password: str, now: datetime) -> None:
    """Replaces the operator's own password. Keeps this session and closes all others. The caller has checked password and app."""
    with transaction.atomic():
        user.set_password(new_password)
        user.password_given_at = None
        user.save(update_fields=["password", "password_given_at"])
        session_ends.keep_only(request, user, now)
        record("staff.password_changed", now=now, actor=user, subject=user, name=user.username)
        mailbox.tell(user, _("La tua password è cambiata"), _("Gli altri tuoi collegamenti sono stati chiusi."), now)


def _let_in(request: HttpRequest, user: User, device: StaffTotp | StaffPasskey, now: datetime) -> str:
    """Opens a new session, without any data of the previous one, and returns the requested page."""
    next_url = str(request.session[_WAITING]["next"])
    with transaction.atomic():
        hold(User.objects.filter(pk=user.pk))  # lock order: account before sessions; login() updates last_login
        session_ends.written_as_closed(request, now)
        request.session.flush()
        login(request, user, backend=session_ends.STAFF_BACKEND)
        django_otp.login(request, device)
        mailbox.tell_of_a_new_place(user, here(), request.META.get("HTTP_USER_AGENT", ""), now)
        session_ends.begin_of_staff(request, user, now)
        traces.write(request, traces.IN, user.username, now, user)
    return next_url
