"""How often the secrets of an utenza may be guessed, before any slow hash.

Three counts of wrong secrets, each over PasswordFailure.WINDOW (15 minutes):

- at one utenza from one place: 5. The gestionale with an old password, or the person who types it.
- at one utenza from all unfamiliar places: 20. Many machines guess one password.
- from one unfamiliar place at all utenze: 50. One machine tries a list of passwords (a software house may speak for
  thousands of pharmacies from one address: theirs is a familiar place).

A place is familiar to an utenza when an id was given to it there in the last 30 days, so with password and pincode. There
only the first count holds: who guesses from elsewhere, however long, cannot lock a pharmacy out of its own shop, nor can
one pharmacy lock out another behind the same address. Who is locked out of a new place waits at most for the attack to
end and 15 minutes. Meanwhile the portal gives ids without the password of the utenza, and they pass the gate: who shows a
live id is counted apart (credentials.prove), where a stranger cannot come. Guesses at userIds that do not exist are
counted alike, so that the lock tells nothing either. An address that is not known is no place that many could share.

A guess that is not looked at leaves no row: it makes no lock longer, and a flood does not fill the table. A right
secret writes nothing, unless it has mistakes of its own, of the same place, to be forgotten.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Count, Q

from portal.codes import keyed_hash
from portal.identity.models import PasswordFailure
from portal.places import place_of
from sessions.models import IdSessione

WRONG_FROM_ONE_PLACE = 5
WRONG_AT_ONE_UTENZA = 20
WRONG_AT_ALL_UTENZE = 50
FAMILIAR_FOR = timedelta(days=30)


def guess(door: str, user_id: str, client_address: str, now: datetime, is_right: Callable[[], bool]) -> bool:
    """Whether the secret is right; False, without calling the slow `is_right`, when too many were wrong.

    `door` names the secret. Guesses that would share a count wait for each other, so that a flood of parallel ones is
    not looked at more often than the counts allow; each waits for few others, because few are looked at. Its own
    transaction, never inside the caller's: a failure stays on record whatever happens next.
    """
    place = place_of(client_address)
    by_user = PasswordFailure.hash_of_username(door, user_id)
    by_place = PasswordFailure.hash_of_address(door, place)
    with transaction.atomic(durable=True):
        familiar = _is_familiar(user_id, place, now)
        _one_at_a_time([keyed_hash(by_user, by_place)] if familiar else [by_user, by_place])
        mine, at_utenza, from_place = _wrong(by_user, by_place, now)
        at_all = from_place if place else 0
        too_many = not familiar and (at_utenza >= WRONG_AT_ONE_UTENZA or at_all >= WRONG_AT_ALL_UTENZE)
        if too_many or mine >= WRONG_FROM_ONE_PLACE:
            return False
        right = is_right()
        if not right:
            PasswordFailure.objects.create(username_hash=by_user, address_hash=by_place, at=now)
        elif mine:
            PasswordFailure.objects.filter(username_hash=by_user, address_hash=by_place).delete()
    return right


def _is_familiar(user_id: str, place: str, now: datetime) -> bool:
    """The same query for an utenza that does not exist: it takes as long."""
    given = IdSessione.objects.filter(utenza__user_id=user_id, requested_at__gt=now - FAMILIAR_FOR)
    addresses = given.exclude(requested_from=None).values_list("requested_from", flat=True).distinct()
    return place in {place_of(address) for address in addresses if address}


def _one_at_a_time(counts: list[str]) -> None:
    """Holds these counts until the end of the transaction. On SQLite the transaction itself has done so (IMMEDIATE)."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for key in sorted(int(count[:15], 16) for count in counts):  # always in the same order: no deadlock
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])


def _wrong(by_user: str, by_place: str, now: datetime) -> tuple[int, int, int]:
    """Wrong guesses on record: of this utenza from this place, of this utenza, from this place."""
    user, place = Q(username_hash=by_user), Q(address_hash=by_place)
    counted = (
        PasswordFailure.objects.recent(now)
        .filter(user | place)
        .aggregate(
            mine=Count("pk", filter=user & place), user=Count("pk", filter=user), place=Count("pk", filter=place)
        )
    )
    return counted["mine"], counted["user"], counted["place"]
