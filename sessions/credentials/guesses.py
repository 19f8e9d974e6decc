"""How often the secrets of an utenza may be guessed, before any slow hash.

Three counts of wrong secrets, each over PasswordFailure.WINDOW (15 minutes):

- at one utenza from one place: 5. The gestionale with an old password, or the person who types it.
- at one utenza from all unfamiliar places: 20. Many machines guess one password.
- from one unfamiliar place at all utenze: 50. One machine tries a list of passwords (a software house may speak for
  thousands of pharmacies from one address: theirs is a familiar place).

A place is familiar to an utenza when an id of the last 30 days was given to it there (so with password and pincode) or
used there (so with the id and the password). There
only the first count holds: who guesses from elsewhere, however long, cannot lock a pharmacy out of its own shop, nor can
one pharmacy lock out another behind the same address. Who is locked out of a new place waits at most for the attack to
end and 15 minutes. Meanwhile the portal gives ids without the password of the utenza, and they pass the gate: who shows a
live id is counted apart (credentials.prove_with_id), where a stranger cannot come. Guesses at userIds that do not exist
are counted alike, so that the lock tells nothing either. An address that is not known is no place that many could share.

A guess that is not looked at leaves no row: it makes no lock longer, and a flood does not fill the table. A right
secret writes nothing, unless it has mistakes of its own, of the same place, to be forgotten.
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
from sessions.models import IdSessione

WRONG_FROM_ONE_PLACE = 5
WRONG_AT_ONE_UTENZA = 20
WRONG_AT_ALL_UTENZE = 50
FAMILIAR_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Guessed:
    """What became of a guess."""

    is_right: bool
    somebody_guesses: bool = False  # nothing that remembers the secret may vouch for it now: every proof is a slow one


def guess(
    door: str, user_id: str, client_address: str, now: datetime, is_right: Callable[[], bool], mistake: str = ""
) -> Guessed:
    """Looks at a secret; a wrong one, without calling the slow `is_right`, when too many were wrong.

    `door` names the secret and where it is shown: each door has counts of its own. Guesses that would share a count wait
    for each other, so that a flood of parallel ones is not looked at more often than the counts allow; each waits for few
    others, because few are looked at. Its own transaction, never inside the caller's: a failure stays on record whatever
    happens next.

    `mistake` is a keyed hash of the secret itself, from who has a key that the database has not: the same wrong secret
    again is no other guess, so it is wrong again, for nothing, and is not counted. (One till of a shop that still has the
    old password must not lock out the others.)
    """
    if not user_id:
        return Guessed(False)  # nobody is called so: there is nothing to look at, and no name to count under
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
        if too_many or wrong["mine"] >= WRONG_FROM_ONE_PLACE:
            return Guessed(False, somebody_guesses=True)
        right = is_right()
        if not right:
            failures.create(door=door, username_hash=by_user, address_hash=by_place, at=now)
            if mistake:
                failures.create(door=door, username_hash=mistake, address_hash=mistake, at=now)
        elif wrong["mine"]:
            failures.filter(username_hash=by_user, address_hash=by_place).delete()
    return Guessed(right, somebody_guesses=wrong["user"] + (not right) >= WRONG_FROM_ONE_PLACE)


def _is_familiar(user_id: str, place: str, now: datetime) -> bool:
    """The same query for an utenza that does not exist: it takes as long."""
    given = IdSessione.objects.filter(utenza__user_id=user_id, requested_at__gt=now - FAMILIAR_FOR)
    addresses = given.values_list("requested_from", "used_from").distinct()
    return place in {place_of(address) for both in addresses for address in both if address}


def _one_at_a_time(counts: list[str]) -> None:
    """Holds these counts until the end of the transaction. On SQLite the transaction itself has done so (IMMEDIATE)."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for key in sorted(int(count[:15], 16) for count in counts):  # always in the same order: no deadlock
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])


def _wrong(recent: PasswordFailureQuerySet, by_user: str, by_place: str | None, mistake: str) -> dict[str, int]:
    """Wrong guesses on record: of this utenza from this place, of this utenza, from this place, with this very secret.

    A place that is not known, and a mistake that is not told, have no count: nothing is looked for under an empty name.
    """
    user = Q(username_hash=by_user)
    counted = {"mine": user & Q(address_hash=by_place), "user": user}
    counted |= {"place": Q(address_hash=by_place)} if by_place else {}
    counted |= {"known": Q(username_hash=mistake)} if mistake else {}
    found = recent.filter(reduce(or_, counted.values())).aggregate(
        **{name: Count("pk", filter=rows) for name, rows in counted.items()}
    )
    return {"place": 0, "known": 0} | found
