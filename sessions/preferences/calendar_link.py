"""Creates, renews and closes the private address of the calendar. Only its SHA-256 is stored; the page shows it once."""

import secrets
from datetime import datetime

from django.db import transaction

from pharmacies.models import Pharmacy
from portal.identity.models import User
from portal.journal.models import record
from portal.secrets.codes import digest
from sessions.models import CalendarLink


@transaction.atomic
def make(pharmacy: Pharmacy, by: User, now: datetime) -> str:
    """Creates a new address and closes the previous one. Returns the secret part in clear, for the page that shows it once."""
    _close(pharmacy, now)
    token = secrets.token_urlsafe(32)
    link = CalendarLink.objects.create(pharmacy=pharmacy, digest=digest(token), made_at=now, made_by=by)
    record("calendar.made", now=now, actor=by, about=pharmacy.code, subject=link)
    return token


@transaction.atomic
def close(pharmacy: Pharmacy, by: User, now: datetime) -> bool:
    """Closes the address. False when there was none."""
    if not _close(pharmacy, now):
        return False
    record("calendar.closed", now=now, actor=by, about=pharmacy.code)
    return True


def pharmacy_of(token: str, now: datetime) -> Pharmacy | None:
    """The pharmacy whose calendar is at this address; None when the address is unknown, closed, or without a holder for long."""
    link = CalendarLink.objects.working(now).filter(digest=digest(token)).select_related("pharmacy").first()
    return link.pharmacy if link is not None else None


def _close(pharmacy: Pharmacy, now: datetime) -> bool:
    Pharmacy.objects.hold(pharmacy.pk)
    return bool(CalendarLink.objects.open().filter(pharmacy=pharmacy).update(closed_at=now))
