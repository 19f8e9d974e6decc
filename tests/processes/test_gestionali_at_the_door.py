"""Existing gestionali against production's entrance: gunicorn with portal.wsgi, alone and behind our nginx.

The tests send the recorded bytes of five kinds of client on a socket and compare the replies with the golden ones.
"""

import re
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from http.client import HTTPResponse
from pathlib import Path

import pytest

from portal.demo import processes
from portal.demo.public_users import PHARMACY
from tests.conformance.test_clients import CLIENTS, WIRE, golden
from tests.outbox.sink import free_port
from tests.processes.conftest import ProcessWorld, until
from tests.processes.proxies import PORTAL_NGINX
from tests.sessions.soap.calls import URL, timeless

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]
NO_NGINX = pytest.mark.skipif(
    PORTAL_NGINX.binary is None, reason=f"no nginx on this machine ({PORTAL_NGINX.how_to_get_it})"
)
DOORS = ["gunicorn", pytest.param("nginx", marks=NO_NGINX)]
LEAVE = b"HTTP/1.1 100 Continue\r\n\r\n"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+\+0[12]:00|\d\d/\d\d/\d{4} \d\d:\d\d:\d\d")
PUBLIC_USER = """
from django.utils import timezone
from pharmacies.models import MailCertification, Pharmacy
from portal.demo.seed.a2f import open_test_users
from portal.identity.models import User
from sessions.credentials import certificates
now = timezone.now()
anna = User.objects.for_person("RSSNNA80A41H501L", "Anna", "Rossi")
pharmacy = Pharmacy.objects.create(code="4512", name="San Marco", comune="TRENTO")
MailCertification.objects.create(
    pharmacy=pharmacy, address="id@sanmarco.it", address_key="id@sanmarco.it", requested_by=anna, requested_at=now,
    certified_at=now, certified_by=anna)
open_test_users(pharmacy, now)
print(certificates.make(now).certificate)
"""


@pytest.fixture(scope="module")
def certificate(shared_world: ProcessWorld) -> Path:
    """The pincode's certificate, as a gestionale downloads it; the manual's public user exists too."""
    file = shared_world.folder / "pincode.pem"
    file.write_text(shared_world.run(PUBLIC_USER) + "\n", encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def portal(shared_world: ProcessWorld, certificate: Path) -> int:
    """The port of gunicorn."""
    port = free_port()
    shared_world.start("web", processes.web(port))
    until(lambda: is_open(port), 60, "the portal answers")
    return port


@pytest.fixture(scope="module")
def front(shared_world: ProcessWorld, portal: int) -> int:
    """The port of nginx."""
    front = free_port()
    PORTAL_NGINX.start(shared_world, portal, front)
    until(lambda: is_open(front), 60, "nginx answers")
    return front


@pytest.fixture
def line(request: pytest.FixtureRequest) -> Iterator["Line"]:
    with closing(Line(request.getfixturevalue({"gunicorn": "portal", "nginx": "front"}[request.param]))) as line:
        yield line


def is_open(port: int) -> bool:
    with closing(Line(port)) as line, suppress(OSError):
        return line.answer(line.message("requests", "create").without("Authorization"))[0] == 401
    return False


class Message:
    """A recorded request: its head as lines, its body."""

    def __init__(self, lines: list[str], body: bytes) -> None:
        self.lines, self.body = lines, body

    def without(self, name: str) -> "Message":
        return Message([line for line in self.lines if not line.startswith(f"{name}:")], self.body)

    def says(self, header: str) -> bool:
        return header in self.lines


class Line:
    """One connection, kept open as long as both sides keep it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.opened = 0
        self._socket: socket.socket | None = None

    def message(self, client: str, operation: str, token: str = "") -> Message:
        head, _, body = (WIRE / client / f"{operation}.http").read_text(encoding="utf-8").partition("\n\n")
        return Message(head.splitlines(), body.replace("{token}", token).encode())

    def answer(self, message: Message) -> tuple[int, bytes]:
        """Status and body. A client that sent `Expect: 100-continue` waits for the interim response first."""
        if self._socket is None:
            self._socket, self.opened = socket.create_connection(("127.0.0.1", self.port), timeout=60), self.opened + 1
        own = [f"POST {URL} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", f"Content-Length: {len(message.body)}"]
        self._socket.sendall("\r\n".join([*own, *message.lines, "", ""]).encode())
        if message.says("Expect: 100-continue"):
            assert self._socket.recv(len(LEAVE), socket.MSG_WAITALL) == LEAVE
        self._socket.sendall(message.body)
        with HTTPResponse(self._socket) as response:
            response.begin()
            status, body = response.status, response.read()
            if response.will_close:
                self.close()
        return status, body

    def says(self, client: str, operation: str, token: str = "") -> str:
        """The reply in the form of the golden files."""
        status, body = self.answer(self.message(client, operation, token))
        assert status == 200
        return undated(timeless(body))

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None


def undated(reply: str) -> str:
    return MOMENT.sub("MOMENT", reply)


def expected(name: str) -> str:
    return undated(golden(name))


@pytest.mark.parametrize("line", DOORS, indirect=True)
@pytest.mark.parametrize("client", CLIENTS)
def test_the_life_of_an_id_byte_by_byte_on_the_wire(line: Line, client: str) -> None:
    status, created = line.answer(line.message(client, "create"))
    assert (status, undated(timeless(created))) == (200, expected("create"))
    token = re.search(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", created.decode())[0]
    assert line.says(client, "checkToken", token) == expected("check-valid")
    assert line.says(client, "revoke", token) == expected("revoke")
    assert line.says(client, "revoke", token) == expected("revoke-again")
    assert line.says(client, "checkToken", token) == expected("check-revoked")
    assert line.opened == (5 if line.message(client, "create").says("Connection: close") else 1)


@pytest.mark.parametrize("line", DOORS, indirect=True)
@pytest.mark.parametrize("client", ["csharp", "requests"])
def test_a_body_that_nobody_read_does_not_spoil_the_next_call_of_its_connection(line: Line, client: str) -> None:
    """As .NET does: the first call without a password, the second with it."""
    assert line.answer(line.message(client, "create").without("Authorization"))[0] == 401
    assert line.says(client, "create") == expected("create")
    assert line.opened == 1


def test_the_command_line_asks_checks_uses_and_revokes(
    shared_world: ProcessWorld, portal: int, certificate: Path, tmp_path: Path
) -> None:
    secrets = {"password": PHARMACY.password, "pincode": PHARMACY.pincode}
    for name, secret in secrets.items():
        (tmp_path / name).write_text(secret + "\n", encoding="utf-8")

    def a2f(act: str, *more: str) -> str:
        who = ["--url", f"http://127.0.0.1:{portal}", "--user", PHARMACY.user_id]
        who += ["--password-file", str(tmp_path / "password"), "--pincode-file", str(tmp_path / "pincode")]
        who += ["--certificate", str(certificate), "--codice-fiscale", PHARMACY.codice_fiscale]
        return shared_world.manage("a2f", act, *who, *more)

    created = a2f("create", "--codes", "/".join(PHARMACY.codes), "--show-id")
    kept = tmp_path / "id"
    kept.write_text(re.search(r"^ID-SESSIONE: (\S+)$", created, re.MULTILINE)[1], encoding="utf-8")
    assert "Valido, until" in a2f("check", "--id-file", str(kept))
    assert "Let through" in a2f("use", "--id-file", str(kept))
    assert "Revoca del token eseguita" in a2f("revoke", "--id-file", str(kept))
