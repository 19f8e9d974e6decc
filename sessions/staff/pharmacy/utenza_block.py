"""Blocks and unblocks an utenza, with a reason that the pharmacy reads."""

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from pharmacies.models import Pharmacy, Utenza
from portal.identity.access import staff_of
from portal.secrets.masking import mask_people_in
from portal.time.clock import now_of
from sessions.models import IdSessione
from sessions.staff.confirmed_act import ConfirmedAct, NothingToDo, confirmed_act
from sessions.utenze import life


@confirmed_act("sicurezza")
def block(request: HttpRequest, pharmacy: Pharmacy, pk: int) -> ConfirmedAct:
    """«Blocca»: shows the consequences, requires a reason, then blocks."""
    now, utenza = now_of(request), _utenza(pharmacy, pk)
    if utenza.blocked_at is not None:
        raise NothingToDo(f"L’utenza {mask_people_in(utenza.user_id)} è già bloccata.")
    live = IdSessione.objects.filter(utenza=utenza).live(now).count()
    return ConfirmedAct(
        template="staff/block.html",
        context={"utenza": utenza, "live": live},
        perform=lambda reason: life.block(utenza, reason, staff_of(request), now),
        done=f"Utenza {mask_people_in(utenza.user_id)} bloccata: i suoi ID SESSIONE non valgono più.",
    )


@confirmed_act("assistenza")
def unblock(request: HttpRequest, pharmacy: Pharmacy, pk: int) -> ConfirmedAct:
    """«Sblocca»: shows why the utenza was blocked, asks what was verified, then unblocks."""
    utenza = _utenza(pharmacy, pk)
    if utenza.blocked_at is None:
        raise NothingToDo(f"L’utenza {mask_people_in(utenza.user_id)} non è bloccata.")
    return ConfirmedAct(
        template="staff/unblock.html",
        context={"utenza": utenza},
        perform=lambda reason: life.unblock(utenza, reason, staff_of(request), now_of(request)),
        done=f"Utenza {mask_people_in(utenza.user_id)} sbloccata: può chiedere un nuovo ID SESSIONE.",
    )


def _utenza(pharmacy: Pharmacy, pk: int) -> Utenza:
    return get_object_or_404(pharmacy.utenze.select_related("blocked_by").defer("password", "pincode"), pk=pk)
