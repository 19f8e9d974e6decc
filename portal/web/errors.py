"""The error pages. None repeats the input, none shows a traceback."""

import logging
import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from portal.database.contention import RETRY_AFTER, is_busy
from portal.secrets.codes import account_in_short
from portal.web.context import same_on_every_page

log = logging.getLogger(__name__)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "errors/400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Shows the sentence of PermissionDenied, which our own code wrote for the person. One line of the log says which account."""
    response = render(request, "errors/403.html", {"reason": str(exception or "")}, status=403)
    user = getattr(request, "user", None)  # absent when a middleware refuses
    name = account_in_short(user.get_username()) if user is not None and user.is_authenticated else "-"
    log.info("forbidden to account %s", name)
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django would add the traceback
    return response


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Shows the `sentence` and the `noun` of OfficeEnded (pharmacies/access.py); never the text of another Http404."""
    context = {"reason": getattr(exception, "sentence", ""), "noun": getattr(exception, "noun", "")}
    return render(request, "errors/404.html", context, status=404)


def busy(request: HttpRequest) -> HttpResponse:
    """503 with Retry-After: the database is overloaded. Reads nothing from the request, as server_error()."""
    text = render_to_string("errors/503.html", same_on_every_page())
    response = HttpResponse(text, status=503, headers={"Retry-After": str(RETRY_AFTER), "Cache-Control": "no-store"})
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django need not log a planned answer
    return response


def server_error(request: HttpRequest) -> HttpResponse:
    """500. Reads nothing from the request: its database or its session may be the cause."""
    error = sys.exc_info()[1]
    if error is not None and is_busy(
        error
    ):  # raised outside the view, by the middleware of the session or of the login
        return busy(request)
    return HttpResponse(render_to_string("errors/500.html", same_on_every_page()), status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form that is too old, or without cookies; the page says that nothing was done."""
    return render(request, "errors/csrf.html", status=403)
