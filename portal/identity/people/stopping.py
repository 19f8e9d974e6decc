"""The acts of an operator about a person who must not come in: end the sessions, stop the person, let them in again.

A stopped person keeps offices and data, and is refused at each login. Each verb writes the journal in its transaction.
"""

from datetime import datetime

from django.db import transaction

from portal.identity.models import PersonSession, User
from portal.journal.models import record


@transaction.atomic
def end_sessions(person: User, by: User, because: str, about: str, now: datetime) -> int:
    """Ends every open session of the person. Returns how many. `about`: the pharmacy's code, for the journal; `now`: real time (UTC)."""
    number = PersonSession.objects.filter(user=person).close(now)
    if number:
        record(
            "person.sessions_ended", now=now, actor=by, about=about, subject=person, name=str(person), because=because
        )
    return number


@transaction.atomic
def stop(person: User, by: User, because: str, about: str, now: datetime) -> bool:
    """Refuses the person at every login from now on, and ends the open sessions. False when stopped already."""
    if not _set_active(person, active=False):
        return False
    PersonSession.objects.filter(user=person).close(now)
    record("person.stopped", now=now, actor=by, about=about, subject=person, name=str(person), because=because)
    return True


@transaction.atomic
def readmit(person: User, by: User, because: str, about: str, now: datetime) -> bool:
    """Lets the person in again. False when not stopped."""
    if not _set_active(person, active=True):
        return False
    record("person.readmitted", now=now, actor=by, about=about, subject=person, name=str(person), because=because)
    return True


def _set_active(person: User, *, active: bool) -> bool:
    people = User.objects.filter(pk=person.pk, is_staff=False, is_active=not active)
    person.is_active = active
    return bool(people.update(is_active=active))
