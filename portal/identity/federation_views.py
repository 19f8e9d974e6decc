"""What we say of ourselves, and of who we ask, to the federation of OpenID Connect: public, signed."""

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from portal.identity.providers import every_provider
from portal.time.clock import now_of

_STATEMENT = "application/entity-statement+jwt"


@require_safe
def entity_configuration(request: HttpRequest) -> HttpResponse:
    """Under /.well-known/openid-federation, where our name (PORTAL_URL) makes the others look."""
    for provider in every_provider():
        if document := provider.entity_configuration(now_of(request)):
            return HttpResponse(document, content_type=_STATEMENT)
    raise Http404


@require_safe
def resolve(request: HttpRequest) -> HttpResponse:
    """The chain of trust of who we ask, for whoever wants to compare (OpenID Federation 1.0, 8.3)."""
    subject, anchor = request.GET.get("sub", ""), request.GET.get("anchor", request.GET.get("trust_anchor", ""))
    for provider in every_provider():
        if document := provider.resolved(subject, anchor, now_of(request)):
            return HttpResponse(document, content_type=_STATEMENT)
    return JsonResponse({"error": "not_found", "error_description": "We have resolved no such entity."}, status=404)
