"""The webhook to which a relay posts the reports that it receives. For machines: no session, no page, an empty answer."""

from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from portal.outbox.bounces import reports
from portal.outbox.bounces.intake import BounceOutcome, receive
from portal.outbox.bounces.signatures import is_signed
from portal.time.clock import now_of, real_now_of

STATUS = {
    BounceOutcome.WRITTEN: HTTPStatus.NO_CONTENT,
    BounceOutcome.KNOWN: HTTPStatus.NO_CONTENT,
    BounceOutcome.NO_REPORT: HTTPStatus.NO_CONTENT,
    BounceOutcome.UNREAD: HTTPStatus.NO_CONTENT,
    BounceOutcome.REPLAYED: HTTPStatus.CONFLICT,
    BounceOutcome.MALFORMED: HTTPStatus.UNPROCESSABLE_ENTITY,
    BounceOutcome.UNKNOWN: HTTPStatus.NOT_FOUND,
}


@csrf_exempt
@require_POST
def bounce(request: HttpRequest) -> HttpResponse:
    """Takes in a report: the body is the message as it arrived (message/rfc822), signed with BOUNCE_SECRET."""
    if not settings.BOUNCE_SECRET:
        return HttpResponse(status=HTTPStatus.NOT_FOUND)
    body = request.read(reports.LONGEST + 1)
    if len(body) > reports.LONGEST:
        return HttpResponse(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    now = now_of(request)
    if not is_signed(request.headers, body, settings.BOUNCE_SECRET, real_now_of(request)):
        return HttpResponse(status=HTTPStatus.UNAUTHORIZED)
    return HttpResponse(status=STATUS[receive(body, None, now)])
