"""«Prendi in mano la farmacia»: a new holder keeps or ends what a former one left."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from pharmacies.access import DELEGATING, OfficeRequest, holder_required
from pharmacies.models import Pharmacy
from pharmacies.people.offices import OfficeRefused
from portal.identity.access import fresh_authentication_required
from portal.identity.models import User
from portal.time.clock import now_of
from sessions.preferences.handover import inherited


@holder_required(DELEGATING)
@require_http_methods(["GET", "HEAD", "POST"])
def handover(request: OfficeRequest) -> HttpResponse:
    """Lists the things; POST keeps or ends one, with a fresh authentication."""
    if request.method == "POST":
        return _decide_if_fresh(request, request.pharmacy, request.user)
    things = inherited(request.pharmacy, now_of(request))
    context = {
        "pharmacy": request.pharmacy,
        "office": request.office,
        "current": "handover",
        "delegations": [thing for thing in things if thing.is_delegation],
        "others": [thing for thing in things if not thing.is_delegation],
    }
    return render(request, "sessions/handover.html", context)


def _decide(request: HttpRequest, pharmacy: Pharmacy, by: User) -> HttpResponse:
    now, key, act = now_of(request), request.POST.get("cosa", ""), request.POST.get("fai", "")
    thing = next((thing for thing in inherited(pharmacy, now) if thing.key == key), None)
    changed = False
    if thing is not None and act in ("tieni", "togli"):
        try:
            changed = thing.keep(by, now) if act == "tieni" else thing.end(by, now)
        except OfficeRefused:  # it ended meanwhile
            changed = False
    if thing is None or not changed:
        messages.info(request, _("Su questo non c’è più niente da decidere."))
    elif act == "tieni":
        messages.success(request, _("%(thing)s: resta com’è.") % {"thing": thing.title})
    elif thing.is_delegation:
        messages.success(request, _("%(thing)s: delega tolta, vale da subito.") % {"thing": thing.title})
    else:
        messages.success(request, _("%(thing)s: scollegato, non funziona più.") % {"thing": thing.title})
    return redirect("sessions:handover", pharmacy.code)


# As the delegations themselves: a stranger at a session left open must not decide.
_decide_if_fresh = fresh_authentication_required(_decide)
