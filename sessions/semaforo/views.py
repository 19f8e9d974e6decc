"""The semaforo for the screen at the counter, and the pages with which a titolare makes, renews, keeps and closes its address."""

from collections.abc import Mapping

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import get_template
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pharmacies import site_words
from pharmacies.access import OPENING_SEMAFORO, OfficeRequest, fresh_holder_required, holder_required
from pharmacies.models import MailCertification
from portal.secrets import shown_once
from portal.secrets.codes import digest
from portal.time.clock import now_of
from portal.web.client_address import client_address
from portal.web.context import same_on_every_page
from portal.web.places import place_of
from portal.web.rate_limit import RateLimit
from sessions.models import SemaforoLink
from sessions.semaforo import board, link

no_store = cache_control(no_store=True, private=True)
# A screen asks once a minute, near an end every ten seconds. Several pharmacies may share one line.
OF_A_SCREEN = RateLimit(30, 60)
OF_A_PLACE = RateLimit(300, 60)


@require_safe
def screen(request: HttpRequest, token: str) -> HttpResponse:
    """The lights, without login: the secret part of the address is the credential. 404 for a wrong or closed address, 429 for
    too many requests. The page holds no id, no mail address and no link.
    """
    now, place, key = now_of(request), place_of(client_address(request.META)), digest(token)
    if wait := OF_A_PLACE.wait(place, now) or OF_A_SCREEN.wait(f"{place} {key.hex()}", now):
        answer = _answer("too_many", {"refresh": wait}, 429)
        answer["Retry-After"] = str(wait)
        return answer
    found = board.read(key, now)
    if found is None:
        return _answer("gone", {"refresh": board.REFRESHED_EVERY}, 404)
    return _answer("screen", {"board": found, "refresh": found.refresh, "now": now}, 200)


def _answer(name: str, context: Mapping[str, object], status: int) -> HttpResponse:
    """Draws the page without the request: no context processor may read a session."""
    text = get_template(f"semaforo/{name}.html").render({**same_on_every_page(), **context})
    answer = HttpResponse(text, status=status)
    answer["Cache-Control"] = "no-store"
    answer["Referrer-Policy"] = "no-referrer"  # else the address would leave with a click
    answer["X-Robots-Tag"] = "noindex, nofollow"
    answer._has_been_logged = True  # type: ignore[attr-defined]  # Django need not log a planned answer
    return answer


@holder_required(OPENING_SEMAFORO)
@require_safe
@no_store
def panel(request: OfficeRequest) -> HttpResponse:
    """Says whether an address is open, when it was last used and whether it still works, and offers the actions."""
    now = now_of(request)
    row = SemaforoLink.objects.open().filter(pharmacy=request.pharmacy).select_related("made_by", "kept_by").first()
    context = {
        "link": row,
        "works": row is not None and SemaforoLink.objects.working(now).filter(pk=row.pk).exists(),
        "has_address": MailCertification.objects.current().filter(pharmacy=request.pharmacy).exists(),
        "every": board.REFRESHED_EVERY,
    }
    return _page(request, "panel", context)


@fresh_holder_required(OPENING_SEMAFORO)
@require_POST
def make(request: OfficeRequest) -> HttpResponse:
    """Creates a new address in place of the previous one."""
    now = now_of(request)
    try:
        token = link.make(request.pharmacy, request.user, now)
    except link.NoAddressInForce:
        return _without_address(request)
    shown_once.keep(request, f"semaforo:{request.pharmacy.pk}", token, now)
    return redirect("sessions:semaforo_shown", request.pharmacy.code)


@fresh_holder_required(OPENING_SEMAFORO)
@require_http_methods(["GET"])  # not HEAD: it would use up the only time
@no_store
def shown(request: OfficeRequest) -> HttpResponse:
    """Shows the address once."""
    token = shown_once.take(request, f"semaforo:{request.pharmacy.pk}", now_of(request))
    address = f"{settings.PORTAL_URL}{reverse('semaforo', args=[token])}" if token else None
    return _page(request, "shown", {"address": address})


@fresh_holder_required(OPENING_SEMAFORO)
@require_POST
def keep(request: OfficeRequest) -> HttpResponse:
    """Lets the address go on with the certified address of now."""
    row = get_object_or_404(SemaforoLink.objects.open(), pharmacy=request.pharmacy)
    if not link.keep(row, request.user, now_of(request)):
        return _without_address(request)
    messages.success(request, _("Il semaforo continua: sullo schermo non cambia nulla."))
    return redirect("sessions:semaforo", request.pharmacy.code)


@holder_required(OPENING_SEMAFORO)
@require_POST
def close(request: OfficeRequest) -> HttpResponse:
    """Closes the address."""
    if link.close(request.pharmacy, request.user, now_of(request)):
        messages.success(request, _("Semaforo spento: l’indirizzo non funziona più."))
    return redirect("sessions:semaforo", request.pharmacy.code)


def _without_address(request: OfficeRequest) -> HttpResponse:
    words = _("Prima serve l’indirizzo e-mail certificato della %(noun)s: il semaforo vale finché vale quello.")
    messages.error(request, site_words.about(words, request.pharmacy))
    return redirect("sessions:semaforo", request.pharmacy.code)


def _page(request: OfficeRequest, name: str, context: Mapping[str, object]) -> HttpResponse:
    frame = {"pharmacy": request.pharmacy, "office": request.office, "current": "reminders"}
    return render(request, f"semaforo/{name}.html", {**frame, **context})
