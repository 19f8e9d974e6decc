"""Pages that refresh themselves: the script of portale.js asks again for the part that changes."""

from hashlib import sha256
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import get_conditional_response

HEADER = "X-Frammento"
BARE = "partials/live.html"  # a page that extends `frame` is rendered without header, menu and footer


def is_fragment(request: HttpRequest) -> bool:
    """Whether the script asks for the part of the page that changes."""
    return HEADER in request.headers


def fragment(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Renders the part of a page that the script polls, with an ETag; 304 when nothing changed."""
    response = render(request, template, context)
    etag = f'"{sha256(response.content).hexdigest()[:32]}"'
    response["ETag"] = etag
    return get_conditional_response(request, etag=etag, response=response) or response


def live_page(
    request: HttpRequest, template: str, context: dict[str, Any], frame: str = "servizi.html"
) -> HttpResponse:
    """Renders a page whose template extends `frame`: whole, or without its frame when the script asks.

    Its forms carry another CSRF token each time, so the script gets the whole part again while something is on its way.
    """
    if is_fragment(request):
        return fragment(request, template, {**context, "frame": BARE, "fragment": True})
    return render(request, template, {**context, "frame": frame})
