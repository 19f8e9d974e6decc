"""Creates, renews, keeps and closes the private address of the semaforo. Only its SHA-256 is stored; the page shows it once."""

import secrets
from datetime import datetime

from django.db import transaction

from pharmacies.models import MailCertification, Pharmacy
from portal.identity.models import User
from portal.journal.models import record
from portal.secrets.codes import digest
from sessions.models import SemaforoLink


class NoAddressInForce(Exception):
    """The pharmacy has no certified address: the semaforo would end at once."""


@transaction.atomic
def make(pharmacy: Pharmacy, by: User, now: datetime) -> str:
    """Creates a new address and closes the previous one. Returns the secret part in clear, for the page that shows it once.

    Raises NoAddressInForce.
    """
    Pharmacy.objects.hold(pharmacy.pk)
    if (certification := _in_force(pharmacy)) is None:
        raise NoAddressInForce
    _close(pharmacy, now)
    token = secrets.token_urlsafe(32)
    link = SemaforoLink.objects.create(
        pharmacy=pharmacy, digest=digest(token), certification=certification, made_at=now, made_by=by
    )
    record("semaforo.made", now=now, actor=by, about=pharmacy.code, subject=link)
    return token


@transaction.atomic
def close(pharmacy: Pharmacy, by: User, now: datetime) -> bool:
    """Closes the address. False when there was none."""
    Pharmacy.objects.hold(pharmacy.pk)
    if not _close(pharmacy, now):
        return False
    record("semaforo.closed", now=now, actor=by, about=pharmacy.code)
    return True


@transaction.atomic
def keep(link: SemaforoLink, by: User, now: datetime) -> bool:
    """Decides that the address goes on after a change of holder or of certified address: the screen keeps its link.

    False when it was closed meanwhile, or when the pharmacy has no certified address.
    """
    Pharmacy.objects.hold(link.pharmacy_id)
    certification, open_link = _in_force(link.pharmacy), SemaforoLink.objects.open().filter(pk=link.pk)
    if certification is None or not open_link.update(kept_by=by, kept_at=now, certification=certification):
        return False
    record("semaforo.kept", now=now, actor=by, about=link.pharmacy.code, subject=link)
    return True


def _in_force(pharmacy: Pharmacy) -> MailCertification | None:
    return MailCertification.objects.current().filter(pharmacy=pharmacy).first()


def _close(pharmacy: Pharmacy, now: datetime) -> bool:
    return bool(SemaforoLink.objects.open().filter(pharmacy=pharmacy).update(closed_at=now))
