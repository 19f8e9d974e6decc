"""nginx, Traefik and Envoy with the published configurations, before a toy dispensing service, asking a real gunicorn."""

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from portal.demo import processes
from portal.demo.supervisor import Child
from tests.outbox.sink import free_port
from tests.processes.conftest import ProcessWorld, until
from tests.processes.proxies import EVERY, NGINX, Front, Proxy
from tests.sessions.gate.gate_door import UNKNOWN, basic

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]
_number = itertools.count(1)
IDS = """
from datetime import timedelta
from django.utils import timezone
from pharmacies.models import MailCertification, Pharmacy, Utenza
from portal.identity.models import User
from sessions.ids import issuing, revoking
from sessions.models import Context, IdSessione
now = timezone.now()
anna = User.objects.for_person("RSSNNA80A41H501L", "Anna", "Rossi")
pharmacy = Pharmacy.objects.create(code="N{n}", name="San Marco", comune="TRENTO")
MailCertification.objects.create(
    pharmacy=pharmacy, address="id@sanmarco{n}.it", address_key="id@sanmarco{n}.it", requested_by=anna, requested_at=now,
    certified_at=now, certified_by=anna)
utenza = Utenza(
    pharmacy=pharmacy, user_id="UVANNA0{n}", codice_fiscale="RSSNNA80A41H501L", codice_regione="042", codice_asl="001",
    codice_ssa="045120", created_at=now)
utenza.set_password("SALVE", now)
utenza.save()
context = Context.objects.usual()
revoked = issuing.issue(utenza, context, now)
revoking.revoke(revoked.id_sessione, None, now)
expired = issuing.issue(utenza, context, now - timedelta(hours=17))
elsewhere = issuing.issue(utenza, Context.objects.get(contesto="RICETTA-BIANCA", applicazione="EROGATORE"), now)
live = issuing.issue(utenza, context, now)
print(live.plain, revoked.plain, expired.plain, elsewhere.plain)
"""
USES = """
from sessions.models import IdSessione
print(IdSessione.objects.order_by("-pk").values_list("uses", flat=True)[0])
"""


class Toy(BaseHTTPRequestHandler):
    """Stands for the dispensing service; also for the portal, where only the request to the gate matters."""

    protocol_version = "HTTP/1.1"
    reached: list[tuple[str, dict[str, str]]] = []  # dispensed requests: path and headers
    gate_requests: list[tuple[str, dict[str, str]]] = []  # requests to the gate

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.reached.append((self.path, self._lowered()))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.gate_requests.append((self.path, self._lowered()))
        self.send_response(204)
        self.end_headers()

    def _lowered(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.headers.items()}

    def log_message(self, *args: object) -> None:
        pass


@dataclass
class ProxyReply:
    status: int
    headers: dict[str, str] = field(repr=False)
    body: bytes


@dataclass
class Scene:
    proxy: Proxy
    front: Front
    portal: Child
    world: ProcessWorld
    user_id: str
    pharmacy: str
    live: str
    revoked: str
    expired: str
    elsewhere: str

    def dispense(self, plain: str | None, password: str = "SALVE", **headers: str) -> ProxyReply:
        """Requests a prescription through the proxy."""
        sent = {"Authorization": basic(self.user_id, password), **headers}
        if plain is not None:
            sent["Authorization2F"] = f"Bearer {plain}"
        return dispense(self.front, sent)

    def stopped(self, plain: str | None, **kwargs: str) -> tuple[int, str | None, str | None]:
        """Status, error and reason of a call that must not reach the service."""
        before = len(Toy.reached)
        answer = self.dispense(plain, **kwargs)
        assert len(Toy.reached) == before
        return answer.status, answer.headers.get("x-a2f-error"), answer.headers.get("x-a2f-reason")


def dispense(front: Front, headers: dict[str, str]) -> ProxyReply:
    connection = front.connection()
    try:
        connection.request("POST", "/eroga?contesto=ALTRO", body=b"<ricetta/>", headers=headers)
        response = connection.getresponse()
        return ProxyReply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


@pytest.fixture
def toy() -> Iterator[int]:
    """The toy's port."""
    service = ThreadingHTTPServer(("127.0.0.1", 0), Toy)
    Thread(target=service.serve_forever, daemon=True).start()
    Toy.reached.clear()
    Toy.gate_requests.clear()
    yield service.server_port
    service.shutdown()
    service.server_close()


@pytest.fixture
def scene(world: ProcessWorld, toy: int, request: pytest.FixtureRequest) -> Scene:
    proxy: Proxy = request.param
    portal_port = free_port()
    n = next(_number)  # the tests share one database: each has an utenza of its own
    live, revoked, expired, elsewhere = world.run(IDS.format(n=n)).split()
    portal = world.start("web", processes.web(portal_port))
    front = proxy.start(world, portal_port, toy)
    until(
        lambda: _answers(Front(portal_port, tls=False)) and _answers(front), 60, f"{proxy.name} and the portal answer"
    )
    return Scene(proxy, front, portal, world, f"UVANNA0{n}", f"N{n}", live, revoked, expired, elsewhere)


def _answers(front: Front) -> bool:
    connection = front.connection()
    try:
        connection.request("GET", "/a2f/gate")
        return connection.getresponse().status in (401, 403)
    except OSError:
        return False
    finally:
        connection.close()


@pytest.mark.parametrize("proxy", EVERY)
def test_the_gate_is_asked_in_the_context_of_the_file_and_told_the_address_that_the_proxy_saw(
    proxy: Proxy, world: ProcessWorld, toy: int
):
    front = proxy.start(world, toy, toy)
    sent = {"Authorization2F": "Bearer x", "X-Forwarded-For": "203.0.113.9", "X-A2F-Utenza": "UVBUGIA"}
    until(lambda: _passes(front, sent), 30, f"{proxy.name} answers")
    path, gate_headers = Toy.gate_requests[-1]
    assert path == "/a2f/gate?contesto=RICETTA-DEM&applicazione=EROGATORE"
    assert gate_headers["x-forwarded-for"].rpartition(",")[2].strip() == "127.0.0.1"
    path, received = Toy.reached[-1]
    assert path == "/eroga?contesto=ALTRO"
    # the gate sent no value: the caller's forged header is removed all the same
    assert received.get("x-a2f-utenza", "") == ""


def _passes(front: Front, headers: dict[str, str]) -> bool:
    try:
        return dispense(front, headers).status == 200
    except OSError:
        return False


@pytest.mark.parametrize("scene", EVERY, indirect=True)
def test_only_a_live_id_reaches_the_dispensing_service_and_a_dead_portal_stops_everything(scene: Scene):
    lies = {"X-A2F-Utenza": "UVBUGIA", "X-A2F-Pharmacy": "666"}
    passed = scene.dispense(scene.live, **lies)
    assert (passed.status, passed.body) == (200, b"<ricetta/>")
    _, received = Toy.reached[-1]
    assert (received["x-a2f-utenza"], received["x-a2f-pharmacy"]) == (scene.user_id, scene.pharmacy)
    assert received["x-a2f-codice-fiscale"] == "RSSNNA80A41H501L"
    assert "x-a2f-expires-at" in received
    assert not {"authorization", "authorization2f", "x-idsessione"} & set(received)
    assert scene.dispense(None, **{"X-idSessione": f"Bearer {scene.live}"}).status == 200

    assert scene.stopped(None) == (403, "9101", "missing")
    assert scene.stopped("1234") == (403, "9101", "malformed")
    assert scene.stopped(UNKNOWN) == (403, "9101", "unknown")
    assert scene.stopped(scene.revoked) == (403, "9101", "revoked")
    assert scene.stopped(scene.expired) == (403, "9101", "expired")
    assert scene.stopped(scene.elsewhere) == (403, "9101", "other-context")
    assert scene.stopped(scene.live, Authorization=basic("UVALTRA1")) == (403, "9101", "other-utenza")
    assert scene.stopped(scene.live, password="sbagliata") == (401, None, None)

    scene.portal.ask_to_stop()
    scene.portal.wait_or_kill(time.monotonic() + 20)
    dead = (scene.proxy.status_of_a_dead_portal, None, None)
    assert scene.stopped(scene.live) == scene.stopped(None) == dead
    assert scene.world.run(USES) == "2"  # written by the workers when they stopped


@pytest.mark.parametrize("scene", [NGINX.param], indirect=True)
def test_a_portal_killed_outright_fails_closed_and_opens_again_when_it_is_back(scene: Scene):
    assert scene.dispense(scene.live).status == 200
    scene.world.kill(scene.portal)
    assert scene.stopped(scene.live)[0] == 500
    scene.portal.start()
    until(lambda: scene.dispense(scene.live).status == 200, 60, "the portal is back and the same id passes")
