"""Blocks and unblocks an utenza, with a reason that the pharmacy reads."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from pharmacies.models import Pharmacy, Utenza
from portal.identity.access import staff_of, staff_required
from portal.secrets.masking import mask_people_in
from portal.time.clock import now_of
from sessions.models import IdSessione
from sessions.staff.pharmacy.acts import asks_and_acts, pharmacy_of
from sessions.staff.reason import ReasonForm
from sessions.utenze import life


@staff_required("sicurezza")
@asks_and_acts
def block(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """«Blocca»: shows the consequences, requires a reason, then blocks."""
    now, pharmacy = now_of(request), pharmacy_of(request, code)
    utenza = _utenza(pharmacy, pk)
    if utenza.blocked_at is not None:
        messages.warning(request, f"L’utenza {mask_people_in(utenza.user_id)} è già bloccata.")
        return redirect("staff:pharmacy", code)
    form = ReasonForm(request.POST or None)
    if form.is_valid() and life.block(utenza, form.reason, staff_of(request), now):
        messages.success(
            request, f"Utenza {mask_people_in(utenza.user_id)} bloccata: i suoi ID SESSIONE non valgono più."
        )
        return redirect("staff:pharmacy", code)
    live = IdSessione.objects.filter(utenza=utenza).live(now).count()
    return render(request, "staff/block.html", {"pharmacy": pharmacy, "utenza": utenza, "form": form, "live": live})


@staff_required("assistenza")
@asks_and_acts
def unblock(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """«Sblocca»: shows why the utenza was blocked, asks what was verified, then unblocks."""
    now, pharmacy = now_of(request), pharmacy_of(request, code)
    utenza = _utenza(pharmacy, pk)
    if utenza.blocked_at is None:
        messages.warning(request, f"L’utenza {mask_people_in(utenza.user_id)} non è bloccata.")
        return redirect("staff:pharmacy", code)
    form = ReasonForm(request.POST or None)
    if form.is_valid() and life.unblock(utenza, form.reason, staff_of(request), now):
        messages.success(
            request, f"Utenza {mask_people_in(utenza.user_id)} sbloccata: può chiedere un nuovo ID SESSIONE."
        )
        return redirect("staff:pharmacy", code)
    return render(request, "staff/unblock.html", {"pharmacy": pharmacy, "utenza": utenza, "form": form})


def _utenza(pharmacy: Pharmacy, pk: int) -> Utenza:
    return get_object_or_404(pharmacy.utenze.select_related("blocked_by").defer("password", "pincode"), pk=pk)
