"""/healthz, /readyz and /metrics: for machines on a private address, so before the Host, the session and the language."""

import hmac
import logging
from collections.abc import Callable
from ipaddress import ip_address
from time import perf_counter

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST

from portal import measures
from portal.time import database_clock
from portal.watch import facts, readiness
from portal.web.client_address import client_address

log = logging.getLogger(__name__)
GetResponse = Callable[[HttpRequest], HttpResponse]


def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers. It asks nobody else: whoever restarts it on a 5xx must not do so because the database is away."""
    return JsonResponse({"ok": True})


def readyz(request: HttpRequest) -> HttpResponse:
    """503 when something that the work needs is wrong; which, in the answer. A warning asks somebody to do something in the next days."""
    now = database_clock.now()
    found = readiness.findings(now)
    well = all(one.well for one in found)
    wrong = [f"{one.name}: {one.words}" for one in found if not one.well]
    body = {
        "ok": well,
        "wrong": wrong,
        "warnings": readiness.warnings(now),
        "checks": {one.name: one.as_json() for one in found},
    }
    response = JsonResponse(body, status=200 if well else 503)
    response._has_been_logged = True  # type: ignore[attr-defined]  # an answer, not an error of ours
    return response


def metrics(request: HttpRequest) -> HttpResponse:
    """With the token of METRICS_TOKEN, or from one of METRICS_NETWORKS; anybody else finds nothing here."""
    if not _may_read(request):
        return HttpResponse(status=404)
    return HttpResponse(facts.exposition(database_clock.now()), content_type=CONTENT_TYPE_LATEST)


def _may_read(request: HttpRequest) -> bool:
    token, given = settings.METRICS_TOKEN, request.headers.get("Authorization", "")
    if token and hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        return True
    try:
        address = ip_address(client_address(request.META))
    except ValueError:
        return False
    return any(address in network for network in settings.METRICS_NETWORKS)


DOORS = {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics}


class ForMachines:
    """Middleware: answers the three addresses and hands every other on."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        door = DOORS.get(request.path_info)
        if door is None:
            return self.get_response(request)
        response = door(request) if request.method in ("GET", "HEAD") else HttpResponse(status=405)
        response.headers["Cache-Control"] = "no-store"
        return response


class Watched:
    """Middleware, outermost: how long each page took, and one log line for it. Its name, never its address: that may hold a
    code.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = perf_counter()
        response = self.get_response(request)
        seconds = perf_counter() - started
        page = request.resolver_match.view_name if request.resolver_match else ""
        if page:  # files and what has no name are not counted: anybody can invent those
            measures.PAGES.labels(page, f"{response.status_code // 100}xx").observe(seconds)
            facts_of_it = {"page": page, "status": response.status_code, "milliseconds": round(seconds * 1000, 1)}
            log.info("answered", extra={**facts_of_it, "method": request.method})
        return response
