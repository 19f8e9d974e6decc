"""Tells of a login from a browser never seen: other apps register the writers, because this one knows no pharmacies."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction

from portal.identity.models import PersonSession, User

TOLD_AT_MOST_EVERY = timedelta(days=7)
Writer = Callable[[PersonSession, datetime], bool]
_writers: list[Writer] = []


def register(writer: Writer) -> None:
    """Adds `writer(session, now)`: it writes the letters about this session and returns whether there was anybody to tell."""
    if writer not in _writers:
        _writers.append(writer)


@transaction.atomic
def tell(session: PersonSession, now: datetime) -> bool:
    """Lets the writers tell of this login, at most once in TOLD_AT_MOST_EVERY and only if the person wants it.

    Returns whether a letter was written. `now`: real time (UTC).
    """
    person = User.objects.select_for_update(no_key=True).get(pk=session.user_id)
    lately = PersonSession.objects.filter(user=person, told_at__gt=now - TOLD_AT_MOST_EVERY)
    if not person.wants_login_letters or lately.exists():
        return False
    written = [writer(session, now) for writer in _writers]
    if any(written):
        PersonSession.objects.filter(pk=session.pk).update(told_at=now)
    return any(written)
