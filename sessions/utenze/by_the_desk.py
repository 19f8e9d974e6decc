"""The acts on an utenza that only an operator does: open, ask for new secrets, hand over, name the supplier.

No operator ever sees a password or a pincode. An act here leaves the utenza with secrets that wait: the titolare or direttore
signs in, and the portal makes them and shows them once (life.collect_secrets). A caller on the telephone who cannot sign in with a
digital identity is not the person to whom new secrets may be given.
"""

from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.db import transaction

from pharmacies.folding import folded
from pharmacies.models import Pharmacy, Utenza
from portal.identity.models import User
from portal.journal.models import record
from sessions.utenze.life import AT_MOST, SAME_FORM_FOR, TooManyUtenze, locked, revoke_ids_of, tell
from sessions.utenze.minting import new_user_id

_SECRETS = ("password", "pincode", "password_changed_at", "secrets_wait_since")


@transaction.atomic
def open_without_secrets(
    pharmacy: Pharmacy, facts: dict[str, str], supplier: str, because: str, by: User, now: datetime
) -> Utenza:
    """Creates an utenza whose secrets wait for the titolare. `facts`: the codice fiscale and the three codes, by column.

    The same facts within SAME_FORM_FOR are a double click: returns the existing utenza. Raises TooManyUtenze.
    """
    Pharmacy.objects.hold(pharmacy.pk)
    twins = pharmacy.utenze.filter(created_at__gt=now - SAME_FORM_FOR, secrets_wait_since__isnull=False, **facts)
    if (twin := twins.first()) is not None:
        return twin
    if pharmacy.utenze.count() >= AT_MOST:
        raise TooManyUtenze
    utenza = Utenza(
        pharmacy=pharmacy, user_id=new_user_id(), created_at=now, supplier=known_spelling(supplier), **facts
    )
    _take_secrets_away(utenza, now)
    utenza.save()
    tell("utenza.opened_by_desk", utenza, by, now, because)
    return utenza


@transaction.atomic
def ask_for_new_secrets(
    utenza: Utenza, because: str, by: User, now: datetime, *, at_once: bool, supplier: str | None = None
) -> bool:
    """Lets the titolare collect new secrets. `at_once`: the present ones stop working now, else when the new ones are collected.

    The ids stay live: with the old password they pass the gate no more once it has stopped working. `supplier` None: unchanged.
    False: they wait already.
    """
    row = locked(utenza)
    if supplier is not None:
        _name_supplier(row, supplier, by, now)
    if row.secrets_wait_since is not None and (not at_once or not row.has_secrets):
        return False
    if at_once:
        _take_secrets_away(row, now)
    else:
        row.secrets_wait_since = now
    row.save(update_fields=_SECRETS)
    tell("utenza.reset" if at_once else "utenza.renewal", row, by, now, because)
    return True


@transaction.atomic
def hand_over(utenza: Utenza, to: Pharmacy, because: str, by: User, now: datetime) -> bool:
    """Moves an utenza to another pharmacy. Its ids end and its secrets stop working; the new titolare collects new ones.

    An id belongs to the pharmacy to whose address it was sent, so it cannot move along; and the former pharmacy knows the
    secrets. A disabled or blocked utenza stays so. Both pharmacies are told. False: it is there, or was handed to a third
    pharmacy meanwhile. Raises TooManyUtenze.
    """
    Pharmacy.objects.hold_all(pk for pk in (utenza.pharmacy_id, to.pk) if pk is not None)
    row = locked(utenza)
    if row.pharmacy_id == to.pk or row.pharmacy_id != utenza.pharmacy_id:
        return False
    if to.utenze.count() >= AT_MOST:
        raise TooManyUtenze
    revoked, former = revoke_ids_of(row, now), row.pharmacy
    tell("utenza.handed_away", row, by, now, because, revoked, to=to.code, noun=to.noun)
    _take_secrets_away(row, now)
    row.pharmacy = to
    row.save(update_fields=["pharmacy", *_SECRETS])
    tell(
        "utenza.handed_over",
        row,
        by,
        now,
        because,
        former=former.code if former else "",
        noun=former.noun if former else "farmacia",
    )
    return True


@transaction.atomic
def name_supplier(utenza: Utenza, supplier: str, by: User, now: datetime) -> bool:
    """Writes the vendor of the gestionale. No letter: nothing changes for the pharmacy. False: it is so already."""
    return _name_supplier(locked(utenza), supplier, by, now)


def known_spelling(supplier: str) -> str:
    """The name as other utenze spell it, when it differs in capitals, accents and signs only; «ACME srl» is «Acme Srl»."""
    wanted = folded(supplier)
    spellings = Utenza.objects.exclude(supplier="").order_by("supplier").values_list("supplier", flat=True).distinct()
    return next((known for known in spellings if folded(known) == wanted), " ".join(supplier.split()))


def _name_supplier(row: Utenza, supplier: str, by: User, now: datetime) -> bool:
    supplier = known_spelling(supplier) if supplier.strip() else ""
    if supplier == row.supplier:
        return False
    row.supplier = supplier
    row.save(update_fields=["supplier"])
    about = row.pharmacy.code if row.pharmacy else ""
    record(
        "utenza.supplier",
        now=now,
        actor=by,
        about=about,
        subject=row,
        user_id=row.user_id,
        supplier=supplier or "nessuno",
    )
    return True


def _take_secrets_away(row: Utenza, now: datetime) -> None:
    row.password, row.pincode = make_password(None), make_password(None)
    row.password_changed_at = row.secrets_wait_since = now
