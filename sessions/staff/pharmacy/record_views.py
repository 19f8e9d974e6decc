"""The page of one pharmacy for the staff. It never shows an id, a code or a whole address."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.identity.access import staff_of, staff_required
from portal.journal.verbs import sentence
from portal.time.clock import now_of
from sessions.staff import looks
from sessions.staff.confirmed_act import pharmacy_of
from sessions.staff.pharmacy import record
from sessions.staff.timeline import TimelineFilter, entries

LINES_A_PAGE = 50


@staff_required
@require_safe
def page(request: HttpRequest, code: str) -> HttpResponse:
    """Register, offices, address, utenze, ids, letters, notes, newest journal entries."""
    pharmacy = pharmacy_of(request, code)
    looks.looked(request, pharmacy)
    context = record.of(pharmacy, staff_of(request), now_of(request))
    return render(request, "staff/pharmacy.html", context)


@staff_required
@require_safe
def timeline(request: HttpRequest, code: str) -> HttpResponse:
    """The whole journal of the pharmacy, with its filters."""
    pharmacy, form = pharmacy_of(request, code), TimelineFilter(request.GET)
    looks.looked(request, pharmacy)
    shown = Paginator(form.narrow(entries(code)), LINES_A_PAGE).get_page(request.GET.get("pagina"))
    context = {
        "pharmacy": pharmacy,
        "form": form,
        "page_obj": shown,
        "timeline": [(entry, sentence(entry.verb, entry.detail)) for entry in shown],
        "filtered": any(form.value(name) for name in form.fields),
    }
    return render(request, "staff/timeline_page.html", context)
