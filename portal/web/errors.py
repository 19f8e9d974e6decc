"""The pages for what went wrong. None repeats what was sent, none shows a traceback."""

import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from portal.database.contention import RETRY_AFTER, is_busy
from portal.web.context import same_on_every_page


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "errors/400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The reason is the sentence of PermissionDenied, written by us for the person who reads it."""
    return render(request, "errors/403.html", {"reason": str(exception or "")}, status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "errors/404.html", status=404)


def busy(request: HttpRequest) -> HttpResponse:
    """The database has too much to do. Asks nothing of the request, as server_error."""
    text = render_to_string("errors/503.html", same_on_every_page())
    response = HttpResponse(text, status=503, headers={"Retry-After": str(RETRY_AFTER), "Cache-Control": "no-store"})
    response._has_been_logged = True  # type: ignore[attr-defined]  # an answer, not an error of ours
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """Asks nothing of the request: the database or the session may be what broke."""
    broke = sys.exc_info()[1]
    if broke is not None and is_busy(broke):  # around the view: the session, who is signed in
        return busy(request)
    return HttpResponse(render_to_string("errors/500.html", same_on_every_page()), status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form is too old, or cookies are off: says so, nothing was done."""
    return render(request, "errors/csrf.html", status=403)
