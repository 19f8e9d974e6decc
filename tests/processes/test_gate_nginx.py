"""A real nginx, with the configuration we hand out, before a toy dispensing service, asking a real gunicorn."""

import http.client
import itertools
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from portal.demo import processes
from portal.demo.supervisor import Child
from tests.outbox.sink import free_port
from tests.processes.conftest import World, until
from tests.sessions.gate_door import UNKNOWN, basic

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(180),
    pytest.mark.skipif(NGINX is None, reason="no nginx on this machine (Debian: apt install nginx-light)"),
]
_number = itertools.count(1)
DEPLOY = Path(__file__).resolve().parents[2] / "deploy" / "nginx" / "a2f-gate.conf"
AROUND = """
daemon off; master_process off; error_log {folder}/error.log; pid {folder}/nginx.pid;
events {{}}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    include {folder}/a2f-gate.conf;
}}
"""
IDS = """
from datetime import timedelta
from django.utils import timezone
from pharmacies.models import MailCertification, Pharmacy, Utenza
from portal.identity.models import User
from sessions import issuing
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
issuing.revoke(revoked.id_sessione, None, now)
expired = issuing.issue(utenza, context, now - timedelta(hours=17))
live = issuing.issue(utenza, context, now)
print(live.plain, revoked.plain, expired.plain)
"""
USES = """
from sessions.models import IdSessione
print(IdSessione.objects.order_by("-pk").values_list("uses", flat=True)[0])
"""


class Dispensing(BaseHTTPRequestHandler):
    """Dispenses whatever reaches it, and remembers with which headers."""

    reached: list[dict[str, str]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.reached.append({name.lower(): value for name, value in self.headers.items()})
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@dataclass
class Answer:
    status: int
    headers: dict[str, str] = field(repr=False)
    body: bytes


@dataclass
class Scene:
    port: int
    portal: Child
    world: World
    user_id: str
    pharmacy: str
    live: str
    revoked: str
    expired: str

    def dispense(self, plain: str | None, password: str = "SALVE", **headers: str) -> Answer:
        """A prescription through nginx."""
        sent = {"Authorization": basic(self.user_id, password), **headers}
        if plain is not None:
            sent["Authorization2F"] = f"Bearer {plain}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("POST", "/eroga?contesto=ALTRO", body=b"<ricetta/>", headers=sent)
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def stopped(self, plain: str | None, **kwargs: str) -> tuple[int, str | None, str | None]:
        """Status, error, reason of a call that must not reach the service."""
        before = len(Dispensing.reached)
        answer = self.dispense(plain, **kwargs)
        assert len(Dispensing.reached) == before
        return answer.status, answer.headers.get("x-a2f-error"), answer.headers.get("x-a2f-reason")


@pytest.fixture
def scene(world: World, tmp_path: Path) -> Iterator[Scene]:
    front, portal_port = free_port(), free_port()
    service = ThreadingHTTPServer(("127.0.0.1", 0), Dispensing)
    Thread(target=service.serve_forever, daemon=True).start()
    Dispensing.reached.clear()
    n = next(_number)  # the tests share one database: an utenza for each
    live, revoked, expired = world.run(IDS.format(n=n)).split()
    portal = world.start("web", processes.web(portal_port))
    configuration = DEPLOY.read_text()
    for address, port in (("8000", portal_port), ("9000", service.server_port), ("8080", front)):
        assert f"127.0.0.1:{address};" in configuration
        configuration = configuration.replace(f"127.0.0.1:{address};", f"127.0.0.1:{port};")
    (tmp_path / "a2f-gate.conf").write_text(configuration)
    (tmp_path / "nginx.conf").write_text(AROUND.format(folder=tmp_path))
    assert NGINX is not None
    world.start("nginx", [NGINX, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")])
    until(lambda: _answers(portal_port) and _answers(front), 60, "nginx and the portal answer")
    yield Scene(front, portal, world, f"UVANNA0{n}", f"N{n}", live, revoked, expired)
    service.shutdown()
    service.server_close()


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", "/a2f/gate")
        return connection.getresponse().status in (401, 403)
    except OSError:
        return False
    finally:
        connection.close()


def test_only_a_live_id_reaches_the_dispensing_service_and_a_dead_portal_stops_everything(scene: Scene):
    lies = {"X-A2F-Utenza": "UVBUGIA", "X-A2F-Pharmacy": "666"}
    passed = scene.dispense(scene.live, **lies)
    assert (passed.status, passed.body) == (200, b"<ricetta/>")
    received = Dispensing.reached[-1]
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
    assert scene.stopped(scene.live, Authorization=basic("UVALTRA1")) == (403, "9101", "other-utenza")
    assert scene.stopped(scene.live, password="sbagliata") == (401, None, None)

    scene.portal.ask_to_stop()
    scene.portal.wait_or_kill(time.monotonic() + 20)
    assert scene.stopped(scene.live) == (500, None, None)
    assert scene.stopped(None) == (500, None, None)
    assert scene.world.run(USES) == "2"  # written down by the workers as they stopped


def test_a_portal_killed_outright_fails_closed_and_opens_again_when_it_is_back(scene: Scene):
    assert scene.dispense(scene.live).status == 200
    scene.world.kill(scene.portal)
    assert scene.stopped(scene.live)[0] == 500
    scene.portal.start()
    until(lambda: scene.dispense(scene.live).status == 200, 60, "the portal is back and the same id passes")
