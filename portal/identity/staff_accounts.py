"""The accounts of the staff, managed by whoever has the role «amministrazione»: never one's own.

Each act is written in the journal. An administrator gives a password that lasts three days and opens only the page where its
owner chooses another and enrols an app; nobody ever sees a password that somebody has chosen.
"""

import secrets
from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import Group
from django.db import transaction

from portal.identity.models import StaffRecoveryCode, StaffSession, StaffTotp, User
from portal.identity.models.staff_access import ALPHABET
from portal.identity.roles import Role
from portal.journal.models import record

GIVEN_LENGTH = 16  # of ALPHABET: 78 bits


class OneselfRefused(Exception):  # noqa: N818
    """Nobody changes their own rights, disables or resets themselves: another administrator does."""


@transaction.atomic
def create(
    username: str, names: tuple[str, str], roles: Iterable[str], places: list[str], by: User, now: datetime
) -> tuple[User, str]:
    """A new member of the staff and the password to give them, in clear, shown once."""
    password = _new_password()
    user = User.objects.create_staff(username, password, *names, roles=roles)
    user.limited_to, user.password_given_at = places, now
    user.save(update_fields=["limited_to", "password_given_at"])
    record("staff.created", now=now, actor=by, subject=user, name=username, rights=_rights(user))
    return user, password


@transaction.atomic
def change(user: User, roles: Iterable[str], places: list[str], by: User, now: datetime) -> bool:
    """Other names, roles or territory (the names are on `user` already). False when nothing changed. Raises OneselfRefused."""
    _not_oneself(user, by)
    before = User.objects.select_for_update().get(pk=user.pk)
    was = (before.full_name, _rights(before))
    user.limited_to = places
    user.save(update_fields=["given_name", "family_name", "limited_to"])
    user.groups.remove(*Group.objects.filter(name__in=Role.values).exclude(name__in=list(roles)))
    user.groups.add(*Group.objects.filter(name__in=list(roles)))
    if was == (user.full_name, _rights(user)):
        return False
    record("staff.changed", now=now, actor=by, subject=user, name=user.username, was=was[1], rights=_rights(user))
    return True


@transaction.atomic
def disable(user: User, by: User, because: str, now: datetime) -> bool:
    """Out of every session at once, and no more in. False when they were already. Raises OneselfRefused."""
    _not_oneself(user, by)
    if not User.objects.filter(pk=user.pk, is_staff=True, is_active=True).update(is_active=False):
        return False
    StaffSession.objects.filter(user=user).close(now)
    record("staff.disabled", now=now, actor=by, subject=user, name=user.username, because=because)
    return True


@transaction.atomic
def enable(user: User, by: User, because: str, now: datetime) -> bool:
    """In again, with the password and the app of before. Raises OneselfRefused."""
    _not_oneself(user, by)
    if not User.objects.filter(pk=user.pk, is_staff=True, is_active=False).update(is_active=True):
        return False
    record("staff.enabled", now=now, actor=by, subject=user, name=user.username, because=because)
    return True


@transaction.atomic
def reset(user: User, by: User, because: str, now: datetime) -> str:
    """The telephone or the password is lost: no app, no recovery code, no session is left; the password to give them, in
    clear, shown once. Raises OneselfRefused.
    """
    _not_oneself(user, by)
    password = _new_password()
    user.set_password(password)
    user.password_given_at = now
    user.save(update_fields=["password", "password_given_at"])
    StaffTotp.objects.filter(user=user).delete()
    StaffRecoveryCode.objects.filter(user=user, used_at=None).delete()
    StaffSession.objects.filter(user=user).close(now)
    record("staff.reset", now=now, actor=by, subject=user, name=user.username, because=because)
    return password


def _not_oneself(user: User, by: User) -> None:
    if user.pk == by.pk:
        raise OneselfRefused


def _new_password() -> str:
    """Four groups of four, easy to read out on the telephone."""
    letters = [secrets.choice(ALPHABET) for _ in range(GIVEN_LENGTH)]
    return "-".join("".join(letters[n : n + 4]) for n in range(0, GIVEN_LENGTH, 4))


def _rights(user: User) -> str:
    """`assistenza, lettura; 042`: what the journal says."""
    roles = ", ".join(sorted(user.groups.filter(name__in=Role.values).values_list("name", flat=True))) or "nessun ruolo"
    return f"{roles}; {' '.join(user.limited_to) or 'tutta l’Italia'}"
