"""The verbs of an utenza: open, change its secrets, disable and enable (the pharmacy), block and unblock (staff, anomalies).

Each verb locks the row of the utenza, as issuing does, so that no id is issued while the utenza is being closed. Disabling and
blocking revoke its ids in the same transaction; enabling and unblocking do not revive them. Each verb writes a journal line and a
letter to the certified address. False: there was nothing to do.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.http import Http404

from pharmacies.models import MailCertification, Pharmacy, Utenza
from portal.identity.models import User
from portal.journal.models import record
from sessions.ids.withdrawing import withdraw_letters
from sessions.letters import id_letters
from sessions.models import IdSessione
from sessions.utenze.minting import new_password, new_pincode, new_user_id
from sessions.webhooks import events

AT_MOST = 20  # per pharmacy
SAME_FORM_FOR = timedelta(seconds=60)  # a second click on "Crea"


class HandedOver(Http404):
    """The utenza belongs to another pharmacy since the page was read: nobody of the former one may have its secrets."""


class TooManyUtenze(Exception):
    """The pharmacy has as many utenze as it may have."""


@transaction.atomic
def open_for(
    pharmacy: Pharmacy, codice_fiscale: str, codes: tuple[str, str, str], password: str, by: User, now: datetime
) -> tuple[Utenza, str | None]:
    """Creates an utenza. Returns it with its pincode in clear, for the page that shows it once. `codes`: regione, ASL, SSA.

    The same data within SAME_FORM_FOR is a double click: returns the existing utenza and None. Raises TooManyUtenze.
    """
    region, asl, ssa = codes
    facts = {"codice_fiscale": codice_fiscale, "codice_regione": region, "codice_asl": asl, "codice_ssa": ssa}
    Pharmacy.objects.hold(pharmacy.pk)
    for twin in pharmacy.utenze.filter(created_at__gt=now - SAME_FORM_FOR, **facts):
        if twin.check_password(password):
            return twin, None
    if pharmacy.utenze.count() >= AT_MOST:
        raise TooManyUtenze
    pincode = new_pincode()
    utenza = Utenza(pharmacy=pharmacy, user_id=new_user_id(), created_at=now, **facts)
    utenza.set_password(password, now)
    utenza.set_pincode(pincode)
    utenza.save()
    tell("utenza.opened", utenza, by, now)
    return utenza, pincode


@transaction.atomic
def change_password(utenza: Utenza, password: str, by: User, now: datetime) -> None:
    """Changes the password. The ids stay live, but each must be proved again with the new password."""
    row = locked_here(utenza)
    row.set_password(password, now)
    row.save(update_fields=["password", "password_changed_at"])
    tell("utenza.password", row, by, now)


@transaction.atomic
def reset_pincode(utenza: Utenza, by: User, now: datetime) -> str:
    """Replaces the pincode. Returns it in clear, for the page that shows it once."""
    row, pincode = locked_here(utenza), new_pincode()
    row.set_pincode(pincode)
    row.save(update_fields=["pincode"])
    tell("utenza.pincode", row, by, now)
    return pincode


@transaction.atomic
def collect_secrets(utenza: Utenza, by: User, now: datetime) -> tuple[str, str] | None:
    """Makes the password and the pincode that an operator asked for. Returns both in clear, for the page that shows them once.

    None when nothing waits to be collected: a double click, or another holder was faster.
    """
    row = locked_here(utenza)
    if row.secrets_wait_since is None:
        return None
    password, pincode = new_password(), new_pincode()
    row.set_password(password, now)
    row.set_pincode(pincode)
    row.secrets_wait_since = None
    row.save(update_fields=["password", "password_changed_at", "pincode", "secrets_wait_since"])
    tell("utenza.collected", row, by, now)
    return password, pincode


@transaction.atomic
def disable(utenza: Utenza, by: User, now: datetime) -> bool:
    """Disables the utenza for the pharmacy: revokes its ids and refuses new ones."""
    row = locked(utenza)
    if row.disabled_at is not None:
        return False
    revoked = revoke_ids_of(row, now)
    row.disable(now)
    tell("utenza.disabled", row, by, now, revoked=revoked)
    return True


@transaction.atomic
def enable(utenza: Utenza, by: User, now: datetime) -> bool:
    """Enables an utenza that the pharmacy had disabled. Its revoked ids stay revoked."""
    row = locked(utenza)
    if row.disabled_at is None:
        return False
    revoke_ids_of(row, now)
    row.enable()
    tell("utenza.enabled", row, by, now)
    return True


@transaction.atomic
def block(utenza: Utenza, because: str, by: User | None, now: datetime) -> bool:
    """Blocks the utenza for staff, or for an anomaly (`by` None): revokes its ids. Only staff can unblock it."""
    row = locked(utenza)
    if row.blocked_at is not None:
        return False
    revoked = revoke_ids_of(row, now)
    row.block(by, because, now)
    tell("utenza.blocked" if by else "utenza.anomaly", row, by, now, because=because, revoked=revoked)
    return True


@transaction.atomic
def unblock(utenza: Utenza, because: str, by: User, now: datetime) -> bool:
    """Unblocks the utenza for staff, with the reason. Its revoked ids stay revoked."""
    row = locked(utenza)
    if row.blocked_at is None:
        return False
    revoke_ids_of(row, now)
    row.unblock(now)
    tell("utenza.unblocked", row, by, now, because=because)
    return True


def locked(utenza: Utenza) -> Utenza:
    """Locks the utenza until the end of the transaction and reads it again."""
    return Utenza.objects.select_for_update(of=("self",), no_key=True).select_related("pharmacy").get(pk=utenza.pk)


def locked_here(utenza: Utenza) -> Utenza:
    """As `locked`. Raises HandedOver (the page 404) when it belongs to another pharmacy than this instance says."""
    row = locked(utenza)
    if row.pharmacy_id != utenza.pharmacy_id:
        raise HandedOver
    return row


def revoke_ids_of(utenza: Utenza, now: datetime) -> int:
    """Ends every id of an utenza that the caller has locked, in all contexts. Returns how many were live."""
    ids = IdSessione.objects.filter(utenza=utenza)
    in_place = list(ids.in_place().values_list("pk", flat=True))
    live = list(ids.live(now).values_list("pk", flat=True))
    ids.filter(pk__in=in_place).end(now)
    events.revoked(live, now)
    withdraw_letters(in_place, now)
    return len(live)


def tell(
    verb: str, utenza: Utenza, by: User | None, now: datetime, because: str = "", revoked: int = 0, **further: str
) -> None:
    """Writes one journal line, and one letter to the certified address if that receives mail."""
    pharmacy = utenza.pharmacy
    detail = {"user_id": utenza.user_id, **({"because": because} if because else {}), "revoked": revoked, **further}
    record(verb, now=now, actor=by, about=pharmacy.code if pharmacy else "", subject=utenza, **detail)
    current = MailCertification.objects.current().filter(pharmacy=pharmacy, undeliverable_at=None)
    certification = current.select_related("pharmacy").first() if pharmacy else None
    if certification is not None:
        id_letters.utenza_news(verb, utenza, certification, by, because, now)
