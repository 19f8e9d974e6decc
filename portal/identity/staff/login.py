"""The story of a staff login: password first, then the code of the app; only then a session."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import django_otp
from django.contrib.auth import authenticate, login
from django.db import transaction
from django.http import HttpRequest

from portal.database.claims import hold
from portal.identity import session_ends
from portal.identity.models import LoginRecord, PasswordFailure, StaffRecoveryCode, StaffSession, StaffTotp, User
from portal.identity.models.failure import PasswordFailureQuerySet
from portal.journal.models import record
from portal.secrets.codes import same
from portal.web.client_address import client_address
from portal.web.places import place_of

WRONG_PER_USERNAME = 5  # from one address, in PasswordFailure.WINDOW
WRONG_PER_USERNAME_ANYWHERE = 30  # from everywhere: a stranger with one address cannot lock an operator out
WRONG_PER_ADDRESS = 20  # an office shares one address
SECOND_FACTOR_WITHIN = timedelta(minutes=5)  # from the password to the code
ENROLMENT_WITHIN = timedelta(minutes=20)  # from the password to the first code of a new app
FAMILIAR_FOR = timedelta(days=30)  # a place where the operator came in
GIVEN_PASSWORD_LASTS = timedelta(days=3)  # the one that an administrator gave
_WAITING = "staff_waiting"
_PROVIDER = "staff"  # in the login records and on the wrong passwords


@dataclass(frozen=True)
class PasswordCheck:
    """The user, when the password is right; else nobody, and when one may try again (UTC) if it is not now."""

    user: User | None
    locked_until: datetime | None = None


def check_password(request: HttpRequest, username: str, password: str, now: datetime) -> PasswordCheck:
    """Checks username and password; unknown, wrong and not-staff look and last alike.

    The attempt is written as a failure before the slow check and taken away after it, so that parallel guesses count too.
    """
    name, place = username.strip().casefold(), place_of(client_address(request.META))
    if not name:
        return PasswordCheck(None)
    by_username = PasswordFailure.hash_of_username(_PROVIDER, name)
    by_place = PasswordFailure.hash_of_place(_PROVIDER, place)
    is_familiar = _is_familiar(username, place, now)
    failures = PasswordFailure.objects.of_door(_PROVIDER)
    attempt = failures.create(door=_PROVIDER, username_hash=by_username, address_hash=by_place, at=now)
    earlier = failures.filter(pk__lt=attempt.pk).recent(now)
    locked_until = _locked_until(earlier, by_username, by_place, is_familiar=is_familiar)
    if locked_until is not None:
        attempt.delete()  # who is locked out does not make the lock longer
        return PasswordCheck(None, locked_until)
    user = authenticate(request, username=username, password=password)
    if isinstance(user, User) and not _is_too_old(user, now):
        failures.filter(username_hash=by_username).delete()
        return PasswordCheck(user)
    return PasswordCheck(None, _locked_until(failures.recent(now), by_username, by_place, is_familiar=is_familiar))


def _is_familiar(username: str, place: str, now: datetime) -> bool:
    """This operator came in, with password and second factor, from this place in the last 30 days. Same query for a name
    that nobody has.
    """
    known = StaffSession.objects.filter(user__username=username, started_at__gt=now - FAMILIAR_FOR)
    return place in {place_of(origin) for origin in known.values_list("origin", flat=True).distinct() if origin}


def _locked_until(
    recent: PasswordFailureQuerySet, by_username: str, by_place: str | None, *, is_familiar: bool
) -> datetime | None:
    """When this username may be tried from this place (UTC); None when it may now.

    At a familiar place only the first count holds: strangers elsewhere, or neighbours behind the same address who try other
    names, lock no operator out.
    """
    ends = [recent.filter(username_hash=by_username, address_hash=by_place).end_of_lock(WRONG_PER_USERNAME)]
    if not is_familiar:
        ends.append(recent.filter(username_hash=by_username).end_of_lock(WRONG_PER_USERNAME_ANYWHERE))
        if by_place:
            ends.append(recent.filter(address_hash=by_place).end_of_lock(WRONG_PER_ADDRESS))
    return max((end for end in ends if end is not None), default=None)


def wait_for_code(request: HttpRequest, user: User, next_url: str, now: datetime) -> None:
    """Remembers in this browser that the password was right; nobody is signed in yet."""
    request.session.cycle_key()
    request.session[_WAITING] = {
        "user": user.pk,
        "password": user.get_session_auth_hash(),
        "until": (now + (SECOND_FACTOR_WITHIN if app_of(user) else ENROLMENT_WITHIN)).timestamp(),
        "next": next_url,
    }


def waiting_for_code(request: HttpRequest, now: datetime) -> User | None:
    """Who gave the right password in this browser a short while ago; nobody if it was changed or disabled meanwhile."""
    waiting: dict[str, Any] = request.session.get(_WAITING, {})
    if now.timestamp() >= waiting.get("until", 0):
        return None
    user = User.objects.filter(pk=waiting["user"], is_staff=True, is_active=True).first()
    return user if user and same(user.get_session_auth_hash(), waiting["password"]) else None


def wanted_page(request: HttpRequest) -> str:
    """Where they were going when they were asked for the password."""
    return str(request.session.get(_WAITING, {}).get("next", ""))


def app_of(user: User) -> StaffTotp | None:
    app: StaffTotp | None = StaffTotp.objects.filter(user=user, confirmed=True).order_by("pk").first()
    return app


def _is_too_old(user: User, now: datetime) -> bool:
    """The password that an administrator gave, and nobody used in time, opens nothing."""
    return user.password_given_at is not None and now >= user.password_given_at + GIVEN_PASSWORD_LASTS


def enter(request: HttpRequest, user: User, app: StaffTotp, code: str, now: datetime) -> str | None:
    """Signs the staff in when the code is right and returns the page they wanted; None when it is not."""
    if not app.verify_token(code):
        LoginRecord.objects.create(user=user, provider=_PROVIDER, outcome="wrong-code", at=now)
        return None
    return _let_in(request, user, app, now)


def enter_with_recovery_code(request: HttpRequest, user: User, app: StaffTotp, typed: str, now: datetime) -> str | None:
    """As enter(), with one of the codes kept for the day when the telephone is lost. A wrong one slows down as a wrong
    code of the app does, at the same door.
    """
    with transaction.atomic():
        row = StaffTotp.objects.select_for_update(no_key=True).get(pk=app.pk)
        may_try = row.locked_until() is None
        right = may_try and StaffRecoveryCode.use(user, typed, now)
        if may_try and not right:
            row.throttle_increment()
    app.refresh_from_db()
    if not right:
        LoginRecord.objects.create(user=user, provider=_PROVIDER, outcome="wrong-code", at=now)
        return None
    record("staff.recovered", now=now, actor=user, subject=user, name=user.username)
    return _let_in(request, user, app, now)


def enrol(
    request: HttpRequest, user: User, app: StaffTotp, code: str, new_password: str, now: datetime
) -> list[str] | None:
    """The new app has shown that it knows the secret: from now on it is the second factor. Signs in and returns the recovery
    codes, for the page that shows them once; None when the code is wrong. `new_password`: "" keeps the one there is.
    """
    if not app.verify_token(code):
        return None
    with transaction.atomic():
        hold(User.objects.filter(pk=user.pk))  # before the app: a reset takes them in this order
        app.confirmed = True
        app.save(update_fields=["confirmed"])
        if new_password:
            user.set_password(new_password)
            user.password_given_at = None
            user.save(update_fields=["password", "password_given_at"])
        codes = StaffRecoveryCode.renew(user, now)
        record("staff.enrolled", now=now, actor=user, subject=user, name=user.username)
    _let_in(request, user, app, now)
    return codes


def change_password(request: HttpRequest, user: User, new_password: str, now: datetime) -> None:
    """One's own, by who has shown the old one and the app. This browser stays in, every other one is out."""
    with transaction.atomic():
        user.set_password(new_password)
        user.password_given_at = None
        user.save(update_fields=["password", "password_given_at"])
        session_ends.keep_only(request, user, now)
        record("staff.password_changed", now=now, actor=user, subject=user, name=user.username)


def _let_in(request: HttpRequest, user: User, app: StaffTotp, now: datetime) -> str:
    """The page that was wanted. The session is a new one: nothing of who was in this browser before is left."""
    next_url = str(request.session[_WAITING]["next"])
    with transaction.atomic():
        hold(User.objects.filter(pk=user.pk))  # before the sessions: login() writes when the user came in
        session_ends.written_as_closed(request, now)
        request.session.flush()
        login(request, user, backend=session_ends.STAFF_BACKEND)
        django_otp.login(request, app)
        session_ends.begin_of_staff(request, user, now)
        LoginRecord.objects.create(user=user, provider=_PROVIDER, outcome="ok", at=now)
    return next_url
