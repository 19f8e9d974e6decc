"""The queries of the verbs of an id, under their locks. Each is compiled to SQL once per process: issuing runs a hundred times
a second.
"""

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
    """Locks the utenza (key) until the end of the transaction and returns it. Raises Utenza.DoesNotExist."""
    found = _LOCKED.first(utenza)
    if found is None:
        raise Utenza.DoesNotExist
    return found


def fresh(id_sessione: IdSessione) -> IdSessione:
    """Locks the utenza of this id and reads the id again. Raises IdSessione.DoesNotExist."""
    Utenza.objects.hold(id_sessione.utenza_id)
    found = _FRESH.first(id_sessione.pk)
    if found is None:
        raise IdSessione.DoesNotExist
    return found


def in_place(utenza: Utenza, context: Context) -> list[IdSessione]:
    """The ids in the slots of Validato and Attivo, with the facts that say whether they live. The caller has locked `utenza`."""
    found = _IN_PLACE.all(utenza.pk, context.pk)
    for row in found:
        row.utenza = utenza
    return found


def certified(pharmacy: int) -> MailCertification | None:
    """The certified address in force of this pharmacy (key), with the pharmacy and its reminder settings."""
    return _CERTIFIED.first(pharmacy)
