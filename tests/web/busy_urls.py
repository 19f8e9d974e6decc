"""The portal with additional pages that meet a busy database."""

from django.contrib import messages
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from portal.time.clock import now_of
from portal.urls import handler400, handler403, handler404, handler500, urlpatterns
from tests.contention import cut, deadlock

__all__ = ["handler400", "handler403", "handler404", "handler500"]
TRIES: list[object] = []  # the instants of the attempts
FAILS = {"times": 0}


def sometimes(request):
    TRIES.append(now_of(request))
    messages.success(request, "Fatto.")
    request.session["tries"] = request.session.get("tries", 0) + 1
    if len(TRIES) <= FAILS["times"]:
        raise deadlock()
    return HttpResponse(f"{request.session['tries']} {len(list(messages.get_messages(request)))}")


def slow(request):
    raise cut()


@csrf_exempt
def streamed(request):
    TRIES.append(request.read(10))
    raise deadlock()


urlpatterns = [
    *urlpatterns,
    path("talvolta/", sometimes),
    path("lenta/", slow),
    path("a-pezzi/", streamed),
]
