"""The calendar feed for programs, and the pages of «Calendario delle scadenze» for the titolare."""

from collections.abc import Mapping

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pharmacies.access import CONNECTING_PROGRAMS, OfficeRequest, fresh_holder_required, holder_required
from portal.secrets import shown_once
from portal.time.clock import now_of
from sessions.models import CalendarLink
from sessions.preferences import calendar_link
from sessions.preferences.calendar_file import calendar_of

no_store = cache_control(no_store=True, private=True)


@require_safe
@no_store
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """The calendar, without login (calendar programs have none): the secret part of the address is the credential."""
    now = now_of(request)
    pharmacy = calendar_link.pharmacy_of(token, now)
    if pharmacy is None:
        raise Http404
    answer = HttpResponse(calendar_of(pharmacy, now), content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = 'inline; filename="scadenze.ics"'
    answer["X-Robots-Tag"] = "noindex"
    return answer


@holder_required(CONNECTING_PROGRAMS)
@require_safe
def panel(request: OfficeRequest) -> HttpResponse:
    """Says whether an address is open, and offers the actions."""
    return _page(request, "panel", {"link": CalendarLink.objects.open().filter(pharmacy=request.pharmacy).first()})


@fresh_holder_required(CONNECTING_PROGRAMS)
@require_POST
def make(request: OfficeRequest) -> HttpResponse:
    """Creates a new address in place of the previous one."""
    now = now_of(request)
    token = calendar_link.make(request.pharmacy, request.user, now)
    shown_once.keep(request, f"calendar:{request.pharmacy.pk}", token, now)
    return redirect("sessions:calendar_shown", request.pharmacy.code)


@fresh_holder_required(CONNECTING_PROGRAMS)
@require_http_methods(["GET"])  # not HEAD: it would use up the only time
@no_store
def shown(request: OfficeRequest) -> HttpResponse:
    """Shows the address once."""
    token = shown_once.take(request, f"calendar:{request.pharmacy.pk}", now_of(request))
    address = f"{settings.PORTAL_URL}{reverse('calendar', args=[token])}" if token else None
    webcal = f"webcal://{address.partition('://')[2]}" if address else None
    return _page(request, "shown", {"address": address, "webcal": webcal})


@holder_required(CONNECTING_PROGRAMS)
@require_POST
def close(request: OfficeRequest) -> HttpResponse:
    """Closes the address."""
    if calendar_link.close(request.pharmacy, request.user, now_of(request)):
        messages.success(request, "Calendario disattivato: l’indirizzo non funziona più.")
    return redirect("sessions:calendar", request.pharmacy.code)


def _page(request: OfficeRequest, name: str, context: Mapping[str, object]) -> HttpResponse:
    frame = {"pharmacy": request.pharmacy, "office": request.office, "current": "reminders"}
    return render(request, f"expiries/{name}.html", {**frame, **context})
