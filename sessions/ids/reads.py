"""What the verbs of issuing.py read, under the locks that they take. Composed once: a hundred ids a second ask the same."""

from pharmacies.models import MailCertification, Utenza
from portal.database.composed import Composed
from sessions.models import Context, IdSessione

_LOCKED = Composed(
    lambda pk: Utenza.objects.select_for_update(of=("self",), no_key=True).select_related("pharmacy").filter(pk=pk)
)
_FRESH = Composed(lambda pk: IdSessione.objects.with_what_ends_them().filter(pk=pk))
_IN_PLACE = Composed(
    lambda utenza, context: (
        IdSessione.objects.of(utenza, context)
        .in_place()
        .order_by("pk")
        .select_related("certification", "pharmacy")
        .only(
            "utenza",
            "context",
            "requested_at",
            "first_used_at",
            "expires_at",
            "revoked_at",
            "certification__revoked_at",
            "pharmacy__closed_on",
        )
    )
)
_CERTIFIED = Composed(
    lambda pharmacy: (
        MailCertification.objects.current().filter(pharmacy=pharmacy).select_related("pharmacy__reminder_settings")
    )
)


def locked(utenza: int) -> Utenza:
    """The utenza (key) as it is now, the caller's until the end of the transaction. Raises Utenza.DoesNotExist."""
    found = _LOCKED.first(utenza)
    if found is None:
        raise Utenza.DoesNotExist
    return found


def fresh(id_sessione: IdSessione) -> IdSessione:
    """The row as it is now, under the lock of its utenza. Raises IdSessione.DoesNotExist."""
    Utenza.objects.hold(id_sessione.utenza_id)
    found = _FRESH.first(id_sessione.pk)
    if found is None:
        raise IdSessione.DoesNotExist
    return found


def in_place(utenza: Utenza, context: Context) -> list[IdSessione]:
    """Those that hold the place of Validato or Attivo, with what says whether they live. The lock of the utenza is taken."""
    found = _IN_PLACE.all(utenza.pk, context.pk)
    for row in found:
        row.utenza = utenza
    return found


def certified(pharmacy: int) -> MailCertification | None:
    """The address of this pharmacy (key) that is in force, with the pharmacy and its choice of reminders."""
    return _CERTIFIED.first(pharmacy)
