"""The pages of the staff about one pharmacy. They never see an id, a code or a whole address."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from pharmacies.models import Pharmacy
from portal.clock import now_of
from portal.identity.access import staff_of, staff_required
from portal.templatetags.portale import seconds
from sessions import issuing
from sessions.models import IdSessione
from sessions.staff import record
from sessions.staff.status import UNREAD
from sessions.views import WHY_NOT


@staff_required
@require_safe
def pharmacy(request: HttpRequest, code: str) -> HttpResponse:
    """Everything the staff may know of one pharmacy."""
    found = get_object_or_404(Pharmacy.objects.visible_to(staff_of(request)), code=code)
    return render(request, "staff/pharmacy.html", record.of(found, now_of(request)))


@staff_required("assistenza")
@require_http_methods(["GET", "HEAD", "POST"])
def resend(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """«Invia di nuovo»: says what will happen, then posts the same id again. The staff never see it."""
    now, found = now_of(request), get_object_or_404(Pharmacy.objects.visible_to(staff_of(request)), code=code)
    newest = get_object_or_404(found.ids.with_facts().defer(*UNREAD), pk=pk)
    if not newest.is_live(now):
        messages.warning(request, f"L’ID …{newest.last4} non è più valido: non si può inviare di nuovo.")
        return redirect("staff:pharmacy", code)
    if request.method == "POST":
        _post_again(request, newest)
        return redirect("staff:pharmacy", code)
    refusal = issuing.obstacle(newest.utenza, now)
    context = {
        "pharmacy": found,
        "newest": newest,
        "obstacle": next((words for kind, words in WHY_NOT.items() if kind.__name__ == refusal), ""),
        "certification": found.certifications.current().first(),
    }
    return render(request, "staff/resend.html", context)


def _post_again(request: HttpRequest, newest: IdSessione) -> None:
    now, actor = now_of(request), staff_of(request)
    try:
        sent = issuing.resend(newest, actor, now)
    except issuing.IssuingRefused as refusal:
        messages.error(request, WHY_NOT[type(refusal)])
        return
    wait = issuing.next_send_at(newest.pharmacy, now) if newest.pharmacy else None
    if sent:
        messages.success(request, f"L’ID …{newest.last4} è di nuovo in viaggio verso l’indirizzo certificato.")
    elif wait:
        messages.warning(request, f"Un messaggio è appena partito: potrai inviare di nuovo dalle {seconds(wait)}.")
    else:
        messages.error(request, f"L’ID …{newest.last4} non è più valido: non si può inviare di nuovo.")
