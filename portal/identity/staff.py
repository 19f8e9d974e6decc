"""The story of a staff login: password first, then the code of the app; only then a session."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import django_otp
from django.contrib.auth import authenticate, login
from django.db import transaction
from django.http import HttpRequest

from portal.client_address import client_address
from portal.codes import same
from portal.identity.models import LoginRecord, PasswordFailure, StaffTotp, User
from portal.identity.models.failure import PasswordFailureQuerySet

WRONG_PER_USERNAME = 5  # from one address, in PasswordFailure.WINDOW
WRONG_PER_USERNAME_ANYWHERE = 30  # from everywhere: a stranger with one address cannot lock an operator out
WRONG_PER_ADDRESS = 20  # an office shares one address
SECOND_FACTOR_WITHIN = timedelta(minutes=5)  # from the password to the code
_WAITING = "staff_waiting"
_BACKEND = "portal.identity.backends.StaffBackend"
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
    by_username = PasswordFailure.hash_of_username(_PROVIDER, username.strip().casefold())
    by_address = PasswordFailure.hash_of_address(_PROVIDER, client_address(request.META))
    failures = PasswordFailure.objects
    attempt = failures.create(username_hash=by_username, address_hash=by_address, at=now)
    locked_until = _locked_until(failures.filter(pk__lt=attempt.pk).recent(now), by_username, by_address)
    if locked_until is not None:
        attempt.delete()  # who is locked out does not make the lock longer
        return PasswordCheck(None, locked_until)
    user = authenticate(request, username=username, password=password)
    if isinstance(user, User):
        failures.filter(username_hash=by_username).delete()
        return PasswordCheck(user)
    return PasswordCheck(None, _locked_until(failures.recent(now), by_username, by_address))


def _locked_until(recent: PasswordFailureQuerySet, by_username: str, by_address: str) -> datetime | None:
    """When this username may be tried from this address (UTC); None when it may now."""
    ends = [
        recent.filter(username_hash=by_username, address_hash=by_address).end_of_lock(WRONG_PER_USERNAME),
        recent.filter(username_hash=by_username).end_of_lock(WRONG_PER_USERNAME_ANYWHERE),
        recent.filter(address_hash=by_address).end_of_lock(WRONG_PER_ADDRESS),
    ]
    return max((end for end in ends if end is not None), default=None)


def wait_for_code(request: HttpRequest, user: User, next_url: str, now: datetime) -> None:
    """Remembers in this browser that the password was right; nobody is signed in yet."""
    request.session.cycle_key()
    request.session[_WAITING] = {
        "user": user.pk,
        "password": user.get_session_auth_hash(),
        "until": (now + SECOND_FACTOR_WITHIN).timestamp(),
        "next": next_url,
    }


def waiting_for_code(request: HttpRequest, now: datetime) -> User | None:
    """Who gave the right password in this browser a short while ago; nobody if it was changed or disabled meanwhile."""
    waiting: dict[str, Any] = request.session.get(_WAITING, {})
    if now.timestamp() >= waiting.get("until", 0):
        return None
    user = User.objects.filter(pk=waiting["user"], is_staff=True, is_active=True).first()
    return user if user and same(user.get_session_auth_hash(), waiting["password"]) else None


def app_of(user: User) -> StaffTotp | None:
    app: StaffTotp | None = StaffTotp.objects.filter(user=user, confirmed=True).order_by("pk").first()
    return app


def enter(request: HttpRequest, user: User, app: StaffTotp, code: str, now: datetime) -> str | None:
    """Signs the staff in when the code is right and returns the page they wanted; None when it is not.

    The session is a new one: nothing of who was in this browser before is left.
    """
    if not app.verify_token(code):
        LoginRecord.objects.create(user=user, provider=_PROVIDER, outcome="wrong-code", at=now)
        return None
    next_url = str(request.session[_WAITING]["next"])
    with transaction.atomic():
        request.session.flush()
        login(request, user, backend=_BACKEND)
        django_otp.login(request, app)
        LoginRecord.objects.create(user=user, provider=_PROVIDER, outcome="ok", at=now)
    return next_url
