"""A dispensing service of the test behind one of the proxies of deploy/, which asks a real gunicorn."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from portal.demo import processes
from portal.demo.supervisor import Child
from tests.outbox.sink import free_port
from tests.processes.conftest import ProcessWorld, until
from tests.processes.proxies import Front, Proxy
from tests.sessions.gate.gate_door import basic

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


@contextmanager
def toy_service(handler: type[Toy] = Toy) -> Iterator[int]:
    """Runs the toy; yields its port."""
    service = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=service.serve_forever, daemon=True).start()
    Toy.reached.clear()
    Toy.gate_requests.clear()
    yield service.server_port
    service.shutdown()
    service.server_close()


def build_scene(proxy: Proxy, world: ProcessWorld, toy: int) -> Scene:
    """Starts the portal and the proxy, and waits until both answer."""
    n = next(_number)  # the tests of a module share one database: each has an utenza of its own
    live, revoked, expired, elsewhere = world.run(IDS.format(n=n)).split()
    portal_port = free_port()
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
        response = connection.getresponse()
        return response.status in (401, 403) or response.getheader("X-A2F-Error") is not None
    except OSError:
        return False
    finally:
        connection.close()
