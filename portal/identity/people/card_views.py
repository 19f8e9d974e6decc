"""The only page on the host of the cards: reads the certificate that nginx verified and hands a ticket to the portal."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from portal.identity.identity import LoginRefused
from portal.identity.people import login
from portal.identity.people.refusal_sentences import refusal_of, spoken
from portal.identity.providers import provider_of
from portal.identity.providers.base import TS_CNS
from portal.time.clock import real_now_of


@never_cache
@require_GET
def card(request: HttpRequest) -> HttpResponse:
    """Reads the card and returns a page whose button posts the ticket to the portal, never in a URL."""
    provider, state, now = provider_of(TS_CNS.key), request.GET.get("richiesta", ""), real_now_of(request)
    if provider is None:
        raise Http404
    try:
        ticket = provider.card_ticket(request, state, now)
    except LoginRefused as refusal:
        login.card_refused(request, provider, state, refusal, now)
        return _page(request, {"refusal": refusal_of(refusal.code), "code": spoken(refusal.code)}, refusal.code)
    if ticket is None:
        raise Http404
    return _page(request, {"fields": {"stato": state, "biglietto": ticket}})


def _page(request: HttpRequest, context: dict[str, object], code: str = "") -> HttpResponse:
    """Renders the page. This host serves nothing else: styles, scripts and links point to the portal."""
    addresses = {
        "portal_url": settings.PORTAL_URL,
        "answer_url": settings.PORTAL_URL + reverse("identity:answer", args=[TS_CNS.key]),
    }
    status = refusal_of(code).status if code else 200
    response = render(request, "identity/card.html", context | addresses, status=status)
    portal = [settings.PORTAL_URL]
    response._csp_update = dict.fromkeys(  # type: ignore[attr-defined]  # django-csp's way
        ("form-action", "style-src", "script-src", "font-src", "img-src"), portal
    )
    return response
