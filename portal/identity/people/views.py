"""Pages of the login with a digital identity: chooser, start, answer, sign-out. Staff: portal/identity/staff/views.py."""

import logging
import math
from urllib.parse import urlencode

from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.identity import access, session_ends
from portal.identity.identity import LoginRefused
from portal.identity.people import devices, login, login_news, own_sessions
from portal.identity.people.refusal_sentences import refusal_of, spoken
from portal.identity.providers import every_provider, provider_of
from portal.identity.providers.base import Provider, WayIn, allow_forms_to
from portal.time.clock import real_now_of
from portal.web.errors import bad_request

logger = logging.getLogger(__name__)
_GONE_OUT = "portal.identity.gone_out"


@never_cache
@require_safe
def choose(request: HttpRequest) -> HttpResponse:
    """Offers SPID, CIE and TS-CNS. A signed-in user is redirected, unless a fresh authentication is needed (`di-nuovo=1`)."""
    next_url = login.local_url(request, request.GET.get("next", ""))
    again = request.user.is_authenticated and request.GET.get("di-nuovo") == "1"
    if request.user.is_authenticated and not again:
        return redirect(next_url or "pages:home")
    ways = [way for provider in every_provider() for way in WayIn.all_of(provider)]
    context = {"ways": ways, "next_url": next_url, "again": again}
    context["professional"] = any(way.professional for way in ways)
    response = render(request, "identity/choose.html", context)
    _allow_leaving(response)
    return response


@require_POST
def start(request: HttpRequest, provider: str, *, professional: bool = False) -> HttpResponse:
    way_in, next_url = _known(provider), request.POST.get("next", "")
    try:
        return login.begin(request, way_in, next_url, real_now_of(request), way_in.purpose if professional else "")
    except LoginRefused as refusal:
        local = login.local_url(request, next_url)
        response = _refused(request, way_in, login.LoginOutcome(None, refusal.code, local, professional))
        if isinstance(refusal, login.TooManyBegun):
            response.headers["Retry-After"] = str(math.ceil((refusal.until - real_now_of(request)).total_seconds()))
        return response


def start_professional(request: HttpRequest, provider: str) -> HttpResponse:
    """The second button of SPID. 404 where the settings do not switch it on, and for every other provider."""
    if not _known(provider).purpose:
        raise Http404
    return start(request, provider, professional=True)


@require_safe
def metadata(request: HttpRequest, provider: str) -> HttpResponse:
    """Our signed SAML metadata, public."""
    document = _known(provider).metadata()
    if document is None:
        raise Http404
    return HttpResponse(document, content_type="application/samlmetadata+xml")


@csrf_exempt  # a POST from the provider's site has no token; the pending login and its cookie protect instead
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, provider: str) -> HttpResponse:
    way_in = _known(provider)
    if request.method == "HEAD":  # a link checker: must not consume the answer
        return redirect("identity:choose")
    now = real_now_of(request)
    outcome = login.complete(request, way_in, now)
    if outcome.user is None or outcome.session is None:
        return _refused(request, way_in, outcome)
    own_sessions.say_last_access(request, outcome.session, now)
    if not devices.knows(request, outcome.user):
        login_news.tell(outcome.session, now)
    response = redirect(outcome.next_url or "pages:home")
    login.forget_browser(response)
    devices.remember(request, response, outcome.user)
    return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_out(request: HttpRequest) -> HttpResponse:
    """POST ends and deletes the portal session; GET confirms it, or asks."""
    if request.method == "POST":
        session_ends.end(request, real_now_of(request))
        response = redirect("identity:sign_out")
        response.headers["Clear-Site-Data"] = '"cache", "storage"'  # not "cookies": the browser stays known
        return response
    return render(request, "identity/sign_out.html")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def keep(request: HttpRequest) -> HttpResponse:
    """GET returns the seconds left and does not count as activity; POST («Resta collegato») restarts the idle limit."""
    ends_at = getattr(request, "session_ends_at", None)
    if ends_at is None:
        return redirect("identity:choose")
    if request.method == "POST" and not request.headers.get("Accept", "").startswith("application/json"):
        return redirect(login.local_url(request, request.POST.get("next", "")) or "pages:home")
    return JsonResponse({"seconds": max(0, int((ends_at - real_now_of(request)).total_seconds()))})


@csrf_exempt  # the request comes from the provider's site; its signature authenticates it
@never_cache
@require_http_methods(["GET", "POST"])
def gone_out(request: HttpRequest, provider: str) -> HttpResponse:
    """Single logout: ends the session that the provider names, if it is this browser's, and answers the provider.

    A POST from another site lacks the portal's Lax cookie: a redirect to this page as a GET brings the cookie, and the
    verified request in a token signed by the portal (60 seconds).
    """
    way_in = _known(provider)
    token = request.GET.get("creduta", "")
    try:
        logout = signing.loads(token, salt=_GONE_OUT, max_age=60) if token else way_in.gone_out(request)
    except LoginRefused as refusal:
        logger.info("logout by %s refused: %s (%s)", way_in.key, refusal.code, refusal)
        return bad_request(request, refusal)
    except signing.BadSignature as error:
        return bad_request(request, error)
    if logout is None:
        raise Http404
    if request.method == "POST":
        again = urlencode({"creduta": signing.dumps(logout, salt=_GONE_OUT)})
        return HttpResponseRedirect(f"{request.path}?{again}", status=303)
    names, answer_address = logout
    if access.is_called(request, names):
        session_ends.end(request, real_now_of(request))
    return redirect(answer_address or "identity:sign_out")


def _refused(request: HttpRequest, provider: Provider, outcome: login.LoginOutcome) -> HttpResponse:
    own = WayIn.all_of(provider)
    tried = own[-1] if outcome.professional else own[0]
    refusal = refusal_of(outcome.refusal, tried.key if len(own) > 1 else "")
    others = [way for other in every_provider() if other.key != provider.key for way in WayIn.all_of(other)]
    context = {
        "refusal": refusal,
        "code": spoken(outcome.refusal),
        "method": tried.method,
        "tried": tried,
        "others": [*(way for way in own if way is not tried), *others],
        "next_url": outcome.next_url,
    }
    response = render(request, "identity/refused.html", context, status=refusal.status)
    _allow_leaving(response)
    return response


def _allow_leaving(response: HttpResponse) -> None:
    """Lets the forms of this page lead to the sites of the identity providers (CSP form-action)."""
    allow_forms_to(response, [origin for provider in every_provider() for origin in provider.form_origins()])


def _known(key: str) -> Provider:
    provider = provider_of(key)
    if provider is None:
        raise Http404
    return provider
