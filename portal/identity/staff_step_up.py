"""Step-up of operators: grave acts ask for the second factor again when the last is older than STEP_UP_FOR (10 minutes).

Grave acts: on the access of others, in bulk, exports, contexts and certificates. The guard is `staff_required(...,
step_up=…)` in access.py; the page that asks is portal/identity/staff/step_up_views.py. Source: OWASP ASVS 5, 7.5.3.
"""

from datetime import UTC, datetime
from enum import Enum
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from portal.identity import session_ends
from portal.time.clock import real_now_of

LONGEST_FORM = 20_000  # characters of a form that waits for the second factor
_SHOWN_AT, _WAITS = "staff_factor_shown_at", "form_before_step_up"


class StepUp(Enum):
    """Where the operator lands after the second factor: on the page that asked for it or, after a download, on the page before."""

    PAGE = "page"
    FILE = "file"


def is_recent(request: HttpRequest) -> bool:
    """True when the operator showed the second factor at most STEP_UP_FOR ago; the session begins with it."""
    stamp = request.session.get(_SHOWN_AT) or session_ends.started_at(request)
    if not isinstance(stamp, (int, float)):
        return False
    return real_now_of(request) - datetime.fromtimestamp(stamp, UTC) <= settings.STEP_UP_FOR


def shown(request: HttpRequest, now: datetime) -> None:
    """Notes that the operator has just shown the second factor."""
    request.session[_SHOWN_AT] = now.timestamp()


def asked_again(request: HttpRequest, step_up: StepUp) -> HttpResponse:
    """Redirects to the page that asks for the second factor. Keeps the fields of a POST in the sealed session."""
    wanted = request.get_full_path()
    request.session.pop(_WAITS, None)
    if request.method == "POST":
        fields = [(name, value) for name, values in request.POST.lists() for value in values]
        typed = [(name, value) for name, value in fields if name != "csrfmiddlewaretoken"]
        if sum(len(name) + len(value) for name, value in typed) <= LONGEST_FORM:
            request.session[_WAITS] = [wanted, typed]
    elif step_up is StepUp.FILE:
        wanted = _page_before(request) or wanted
    return redirect(f"{reverse('identity:staff_step_up')}?{urlencode({'next': wanted})}")


def form_that_waits(request: HttpRequest, wanted: str) -> list[tuple[str, str]] | None:
    """The fields of the POST that this page interrupted, once; None when there are none."""
    page, typed = request.session.get(_WAITS, (None, []))
    if page != wanted:
        return None
    del request.session[_WAITS]
    return [(name, value) for name, value in typed]


def _page_before(request: HttpRequest) -> str:
    """The portal's page that holds the link to a download; "" when the browser does not name it."""
    page = urlsplit(request.META.get("HTTP_REFERER", ""))
    here = page.netloc == request.get_host() and page.path != request.path
    return f"{page.path}?{page.query}" if here and page.query else page.path if here else ""
