"""The demonstration's gestionale: receives the portal's webhook calls, checks their signature, shows them."""

import base64
import binascii
from contextlib import suppress

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from portal.demo.gestionale import ANSWERS, address
from portal.demo.models import DemoCall
from portal.outbox.bounces.signatures import is_signed
from portal.secrets.sealing import SealBroken, unseal
from portal.time.clock import now_of, real_now_of
from sessions.models import Webhook
from sessions.webhooks.signing import PREFIX

LONGEST, KEPT, PER_PAGE = 64 * 1024, 500, 30  # bytes of a call; calls kept; calls per page


@csrf_exempt  # the caller is the portal, not a browser; its signature is checked
@require_POST
def hear(request: HttpRequest, how: str) -> HttpResponse:
    """Receives one call and answers with the status of its address (ANSWERS); 401 when the signature is not valid."""
    if how not in ANSWERS:
        raise Http404
    if int(request.headers.get("Content-Length") or 0) > LONGEST:
        return HttpResponse(status=413)
    call = DemoCall(
        received_at=now_of(request),
        message_id=request.headers.get("webhook-id", "")[:200],
        body=request.body.decode("utf-8", "replace").replace("\0", "\ufffd"),  # PostgreSQL keeps no NUL
    )
    call.is_signed = _believes(request, call)
    call.answered = ANSWERS[how] if call.is_signed else 401
    call.save()
    old = DemoCall.objects.values("pk")[KEPT : KEPT + 1].first()
    if old:
        DemoCall.objects.filter(pk__lte=old["pk"]).delete()
    return HttpResponse(status=call.answered)


@require_safe
def heard(request: HttpRequest) -> HttpResponse:
    """Shows the calls, newest first, and how to connect a pharmacy."""
    page = Paginator(DemoCall.objects.all(), PER_PAGE).get_page(request.GET.get("pagina"))
    addresses = {how: address(how) for how in ANSWERS}
    return render(request, "demo/gestionale.html", {"page_obj": page, "addresses": addresses})


def _believes(request: HttpRequest, call: DemoCall) -> bool:
    """True when the call is signed. A real gestionale stores the key that was shown once; this one reads the portal's row."""
    code = str(call.content.get("data", {}).get("farmacia", ""))
    webhook = Webhook.objects.open().filter(pharmacy__code=code).first() if code.isprintable() else None
    if webhook is None:
        return False
    with suppress(SealBroken, binascii.Error):
        key = base64.b64decode(unseal(webhook.sealed_secret).decode().removeprefix(PREFIX))
        return is_signed(request.headers, request.body, key, real_now_of(request))
    return False
