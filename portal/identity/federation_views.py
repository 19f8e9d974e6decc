"""Public, signed documents of the OpenID federation: our entity configuration, and the resolved provider."""

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from portal.identity.providers import every_provider
from portal.time.clock import real_now_of

_STATEMENT = "application/entity-statement+jwt"


@require_safe
def entity_configuration(request: HttpRequest) -> HttpResponse:
    """Our entity configuration at /.well-known/openid-federation, below our entity identifier (PORTAL_URL)."""
    for provider in every_provider():
        if document := provider.entity_configuration(real_now_of(request)):
            return HttpResponse(document, content_type=_STATEMENT)
    raise Http404


@require_safe
def resolve(request: HttpRequest) -> HttpResponse:
    """The resolve endpoint: the verified trust chain of our provider. Source: OpenID Federation 1.0, 8.3."""
    subject, anchor = request.GET.get("sub", ""), request.GET.get("anchor", request.GET.get("trust_anchor", ""))
    for provider in every_provider():
        if document := provider.resolved(subject, anchor, real_now_of(request)):
            return HttpResponse(document, content_type=_STATEMENT)
    return JsonResponse({"error": "not_found", "error_description": "We have resolved no such entity."}, status=404)
