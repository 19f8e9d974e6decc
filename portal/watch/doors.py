"""/healthz, /readyz and /metrics, for machines on a private address: answered before the checks of Host, session and language."""

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
    """200 while the process runs. It does not query the database: an outage there must not make a supervisor restart it."""
    return JsonResponse({"ok": True})


def readyz(request: HttpRequest) -> HttpResponse:
    """503 when the portal cannot do its work; the answer lists the checks. A warning asks the operator to act within days."""
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
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django need not log a planned answer
    return response


def metrics(request: HttpRequest) -> HttpResponse:
    """The metrics, for a request with METRICS_TOKEN or from METRICS_NETWORKS; 404 for any other."""
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
    """Middleware: answers the three addresses and passes every other request on."""

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
    """Outermost middleware: measures each page and logs one line with its name, never its address, which may hold a code."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = perf_counter()
        response = self.get_response(request)
        seconds = perf_counter() - started
        page = request.resolver_match.view_name if request.resolver_match else ""
        if page:  # addresses without a name are not counted: a client could invent any number of them
            measures.PAGES.labels(page, f"{response.status_code // 100}xx").observe(seconds)
            facts_of_it = {"page": page, "status": response.status_code, "milliseconds": round(seconds * 1000, 1)}
            log.info("answered", extra={**facts_of_it, "method": request.method})
        return response
