"""The public page behind the link in a copy: GET shows one button, POST ends the copies. No login: the link is the proof."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from pharmacies.copies import leaving
from portal.time.clock import now_of


@csrf_exempt  # a mail provider POSTs «List-Unsubscribe=One-Click» without cookies; the link authenticates
@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(no_store=True, private=True)
def leave(request: HttpRequest, token: str) -> HttpResponse:
    """Shows the masked address and the button; a POST, whatever its body, ends the copies."""
    row = leaving.row_of(token)
    if row is None:
        raise Http404
    done = request.method == "POST"
    if done:
        leaving.leave(row, now_of(request))
        row.refresh_from_db()
    answer = render(request, "copies/leave.html", {"row": row, "done": done})
    answer["X-Robots-Tag"] = "noindex"
    return answer
