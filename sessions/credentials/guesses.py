"""Rate limit on wrong passwords and pincodes of an utenza, applied before any slow hash.

Three counts of wrong secrets, each over PasswordFailure.WINDOW (15 minutes):

- of one utenza from one place: 5. A gestionale with an old password, or a person who mistypes it.
- of one utenza from all places: 20. Many machines guess one password.
- of all utenze from one place: 50. One machine tries a list of passwords.

At a place that is familiar to the utenza only the first limit applies. A place is familiar when, in the last 30 days, an id
of the utenza was issued there (with password and pincode) or used there (with id and password), or its password was proved
to the gate there before ids were mandatory (DailyProof). So an attacker elsewhere
cannot lock a pharmacy out of its own shop, one pharmacy cannot lock out another behind the same address, and a software
house may call for thousands of pharmacies from one address.

At a new place a pharmacy is locked out until the attack has ended, and 15 minutes at most after that. Meanwhile the portal
issues ids without the password of the utenza, and they pass the gate: calls with a live id are counted apart
(prove_with_id), out of an attacker's reach. Guesses at unknown userIds are counted alike, so a lock reveals nothing. An
unknown address has no count of its own: many callers could share it.

A guess over the limit leaves no row: it prolongs no lock, and a flood does not fill the table. A right secret writes nothing;
it deletes the failures of its utenza at the same place.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

from django.db import connection, transaction
from django.db.models import Count, Q

from portal.identity.models import PasswordFailure
from portal.identity.models.failure import PasswordFailureQuerySet
from portal.secrets.codes import keyed_hash
from portal.web.places import place_of
from sessions.models import DailyProof, IdSessione

WRONG_FROM_ONE_PLACE = 5
WRONG_AT_ONE_UTENZA = 20
WRONG_AT_ALL_UTENZE = 50
FAMILIAR_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Guessed:
    """The result of a guess."""

    is_right: bool
    somebody_guesses: bool = False  # too many were wrong: no fingerprint may stand in for the slow hash now


def guess(
    door: str, user_id: str, client_address: str, now: datetime, is_right: Callable[[], bool], mistake: str = ""
) -> Guessed:
    """Checks a secret under the rate limit. Over the limit it is wrong, and the slow `is_right` is not called.

    `door` names the secret and where it is presented: each door has its own counts. Guesses that share a count run one
    after the other, so that parallel ones stay within the limit; few are checked, so the wait is short. Runs in its own
    transaction, never inside the caller's: a failure stays on record whatever happens next.

    `mistake` is a keyed hash of the secret, made with a key that the database does not hold. A wrong secret that is sent
    again is wrong at once and not counted: one till of a shop that still has the old password must not lock out the
    others.
    """
    if not user_id:
        return Guessed(False)  # no utenza has an empty userId: nothing to check, nothing to count
    place = place_of(client_address)
    by_user = PasswordFailure.hash_of_username(door, user_id)
    by_place = PasswordFailure.hash_of_place(door, place)
    failures = PasswordFailure.objects.of_door(door)
    with transaction.atomic(durable=True):
        familiar = _is_familiar(user_id, place, now)
        _one_at_a_time(
            [keyed_hash(by_user, by_place or "")] if familiar else [by_user, *([by_place] if by_place else [])]
        )
        wrong = _wrong(failures.recent(now), by_user, by_place, mistake)
        if wrong["known"]:
            return Guessed(False)
        too_many = not familiar and (wrong["user"] >= WRONG_AT_ONE_UTENZA or wrong["place"] >= WRONG_AT_ALL_UTENZE)
        if too_many or wrong["user_here"] >= WRONG_FROM_ONE_PLACE:
            return Guessed(False, somebody_guesses=True)
        right = is_right()
        if not right:
            failures.create(door=door, username_hash=by_user, address_hash=by_place, at=now)
            if mistake:
                failures.create(door=door, username_hash=mistake, address_hash=mistake, at=now)
        elif wrong["user_here"]:
            failures.filter(username_hash=by_user, address_hash=by_place).delete()
    return Guessed(right, somebody_guesses=wrong["user"] + (not right) >= WRONG_FROM_ONE_PLACE)


def many_wrong(door: str, user_id: str, now: datetime) -> bool:
    """Whether somebody guesses at this door for this utenza: the rule of Guessed.somebody_guesses, from all places."""
    by_user = PasswordFailure.hash_of_username(door, user_id)
    wrong = PasswordFailure.objects.of_door(door).recent(now).filter(username_hash=by_user)
    return wrong.count() >= WRONG_FROM_ONE_PLACE


def _is_familiar(user_id: str, place: str, now: datetime) -> bool:
    """Whether this place is familiar to the utenza. An unknown userId runs the same query, so the time is the same."""
    given = IdSessione.objects.filter(utenza__user_id=user_id, requested_at__gt=now - FAMILIAR_FOR)
    addresses = given.values_list("requested_from", "used_from").distinct()
    if place in {place_of(address) for pair in addresses for address in pair if address}:
        return True
    proofs = DailyProof.objects.filter(utenza__user_id=user_id, day__gt=(now - FAMILIAR_FOR).date())
    return place in {place_of(address) for address in proofs.values_list("client_address", flat=True) if address}


def _one_at_a_time(counts: list[str]) -> None:
    """Locks these counts until the transaction ends. On SQLite the transaction locks the whole database (IMMEDIATE)."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for key in sorted(int(count[:15], 16) for count in counts):  # always in the same order: no deadlock
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])


def _wrong(recent: PasswordFailureQuerySet, by_user: str, by_place: str | None, mistake: str) -> dict[str, int]:
    """Counts wrong guesses: of this utenza from this place, of this utenza, from this place, with this very secret.

    The last two are 0 without a place or without a `mistake`.
    """
    user = Q(username_hash=by_user)
    counted = {"user_here": user & Q(address_hash=by_place), "user": user}
    counted |= {"place": Q(address_hash=by_place)} if by_place else {}
    counted |= {"known": Q(username_hash=mistake)} if mistake else {}
    found = recent.filter(reduce(or_, counted.values())).aggregate(
        **{name: Count("pk", filter=rows) for name, rows in counted.items()}
    )
    return {"place": 0, "known": 0} | found
