"""Management of staff accounts by operators with the role «amministrazione», never of their own account.

An administrator with a territory manages the accounts inside it and can only assign roles that they hold. Every act locks
both accounts, lowest key first, and checks again that the actor is an administrator: of two administrators who disable each
other at once, one remains. Every act is recorded in the journal. A temporary password lasts three days and opens only the
page where its owner chooses another and enrols an app; administrators never see a password chosen by its owner.
"""

import secrets
from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils.translation import gettext as _

from portal.database.row_updates import update_row
from portal.identity.models import StaffRecoveryCode, StaffSession, User
from portal.identity.models.staff import forget_apps
from portal.identity.models.staff_access import ALPHABET
from portal.identity.models.staff_passkey import forget_passkeys
from portal.identity.roles import StaffRole
from portal.identity.staff import mailbox
from portal.identity.territory import Territory
from portal.journal.models import record

GIVEN_LENGTH = 16  # characters of ALPHABET: 78 bits


class AccountRefused(Exception):
    """The administrator may not do this to this account; each subclass is one reason."""


class OneselfRefused(AccountRefused):
    """Operators cannot change, disable or reset their own account: another administrator must."""


class OutOfReach(AccountRefused):
    """The account has a place outside the administrator's territory, or a role that a territorial administrator lacks."""


class NoLongerAdministrator(AccountRefused):
    """The actor was disabled, reset, or lost the role meanwhile."""


def reaches(by: User, user: User) -> bool:
    """True when `by` may manage this account as it is now."""
    return may_give(by, _roles_of(user), user.territory)


def may_give(by: User, roles: Iterable[str], territory: Territory) -> bool:
    """True when `by` may assign these roles and this territory. An administrator of the whole nation may assign every role."""
    if not by.territory.contains(territory):
        return False
    return by.territory.is_whole_nation or set(roles) <= by.roles


@transaction.atomic
def create(
    username: str,
    names: tuple[str, str],
    roles: Iterable[str],
    places: list[str],
    by: User,
    now: datetime,
    *,
    whole_nation: bool = False,
) -> tuple[User, str]:
    """Creates a member of the staff; returns it with the temporary password in clear, to be shown once. Raises AccountRefused.

    Without places and without `whole_nation` the account sees no pharmacy.
    """
    by = _hold([by.pk])[by.pk]
    _still_administers(by)
    roles = list(roles)
    if not may_give(by, roles, Territory.chosen(places, whole_nation=whole_nation)):
        raise OutOfReach
    password = _new_password()
    user = User.objects.create_staff(username, password, *names, roles=roles, whole_nation=whole_nation)
    user.limited_to, user.password_given_at = places, now
    user.save(update_fields=["limited_to", "password_given_at"])
    record("staff.created", now=now, actor=by, subject=user, name=username, rights=rights_of(user))
    return user, password


@transaction.atomic
def change(
    user: User, roles: Iterable[str], places: list[str], by: User, now: datetime, *, whole_nation: bool = False
) -> bool:
    """Saves names (already set on `user`), roles and territory. False when nothing changed. Raises AccountRefused."""
    before, by = _both(user, by)
    roles = list(roles)
    if not may_give(by, roles, Territory.chosen(places, whole_nation=whole_nation)):
        raise OutOfReach
    was = (before.full_name, rights_of(before))
    user.limited_to, user.whole_nation = places, whole_nation
    user.save(update_fields=["given_name", "family_name", "limited_to", "whole_nation"])
    user.groups.remove(*Group.objects.filter(name__in=StaffRole.values).exclude(name__in=roles))
    user.groups.add(*Group.objects.filter(name__in=roles))
    if was == (user.full_name, rights_of(user)):
        return False
    rights = rights_of(user)
    record("staff.changed", now=now, actor=by, subject=user, name=user.username, was=was[1], rights=rights)
    if rights != was[1]:
        words = _("Ruoli e territorio: prima %(was)s, ora %(rights)s.") % {"was": was[1], "rights": rights}
        mailbox.tell(user, _("I tuoi ruoli sono cambiati"), words, now)
    return True


@transaction.atomic
def disable(user: User, by: User, because: str, now: datetime) -> bool:
    """Disables the account and closes all its sessions. False when it was already disabled. Raises AccountRefused."""
    _both(user, by)
    if not update_row(user, User.objects.filter(is_staff=True, is_active=True), is_active=False):
        return False
    StaffSession.objects.filter(user=user).close(now)
    record("staff.disabled", now=now, actor=by, subject=user, name=user.username, because=because)
    return True


@transaction.atomic
def enable(user: User, by: User, because: str, now: datetime) -> bool:
    """Enables the account again, with its password and app. False when it was already enabled. Raises AccountRefused."""
    _both(user, by)
    if not update_row(user, User.objects.filter(is_staff=True, is_active=False), is_active=True):
        return False
    record("staff.enabled", now=now, actor=by, subject=user, name=user.username, because=because)
    return True


@transaction.atomic
def reset(user: User, by: User, because: str, now: datetime) -> str:
    """Deletes app and recovery codes, closes all sessions and returns a temporary password in clear, to be shown once: for a
    lost telephone or password. Raises AccountRefused.
    """
    _both(user, by)
    password = _new_password()
    user.set_password(password)
    user.password_given_at = now
    user.save(update_fields=["password", "password_given_at"])
    forget_apps(user)
    forget_passkeys(user)
    StaffRecoveryCode.forget_unused(user)
    StaffSession.objects.filter(user=user).close(now)
    record("staff.reset", now=now, actor=by, subject=user, name=user.username, because=because)
    words = _("Chi amministra gli operatori ha azzerato la tua password e il tuo secondo fattore.")
    mailbox.tell(user, _("Il tuo accesso è stato azzerato"), words, now)
    return password


def _both(user: User, by: User) -> tuple[User, User]:
    """Both accounts, read again and locked until the transaction ends. Raises AccountRefused."""
    if user.pk == by.pk:
        raise OneselfRefused
    held = _hold([user.pk, by.pk])
    user, by = held[user.pk], held[by.pk]
    _still_administers(by)
    if not reaches(by, user):
        raise OutOfReach
    return user, by


def _hold(keys: Iterable[int]) -> dict[int, User]:
    """Locks these accounts, lowest key first, so that two acts cannot deadlock."""
    held = User.objects.select_for_update(no_key=True).filter(pk__in=list(keys)).order_by("pk")
    return {user.pk: user for user in held}


def _still_administers(by: User) -> None:
    """Raises NoLongerAdministrator. An account with a temporary password may only enrol."""
    if StaffRole.AMMINISTRAZIONE not in by.roles or by.password_given_at is not None:
        raise NoLongerAdministrator


def _roles_of(user: User) -> list[str]:
    """The groups of a member of the staff, disabled or not (`user.roles` is empty for a disabled account)."""
    return list(user.groups.filter(name__in=StaffRole.values).values_list("name", flat=True))


def _new_password() -> str:
    """A random password in four groups of four characters, easy to read out on the telephone."""
    letters = [secrets.choice(ALPHABET) for _ in range(GIVEN_LENGTH)]
    return "-".join("".join(letters[n : n + 4]) for n in range(0, GIVEN_LENGTH, 4))


def rights_of(user: User) -> str:
    """Roles and places as the journal writes them: `assistenza, lettura; 042`."""
    roles = ", ".join(sorted(_roles_of(user))) or "nessun ruolo"
    return f"{roles}; {' '.join(user.territory.codes) or user.territory.in_words}"
