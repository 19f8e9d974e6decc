"""The web service behind a real gunicorn: slow, endless or too large bodies do not affect other callers."""

import socket
from contextlib import ExitStack
from threading import Event, Thread

import pytest

from portal.demo import processes
from sessions.soap.envelope import LARGEST
from tests.outbox.sink import free_port
from tests.processes.conftest import ProcessWorld, until
from tests.processes.proxies import PORTAL_NGINX
from tests.sessions.gate.gate_door import basic

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]
WITHOUT_BASIC = (
    b"POST /a2f-auth-ws/soap/v1/authentication-service HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml\r\n"
)
HEAD = WITHOUT_BASIC + f"Authorization: {basic('NESSUNO')}\r\n".encode()
EMPTY = b"Content-Length: 0\r\n\r\n"
SLOW = b"Content-Length: 1000\r\n\r\n<a"
WORKERS, THREADS = 2, 3  # as in production


@pytest.fixture(scope="module")
def port(shared_world: ProcessWorld) -> int:
    number = free_port()
    shared_world.start("web", processes.web(number, THREADS))
    until(lambda: begins_with(number, HEAD + EMPTY, b"HTTP/1.1 401"), 60, "the portal answers")
    return number


def opened(port: int, sent: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection.sendall(sent)
    return connection


def trickle(connections: list[socket.socket], until_closed: ExitStack) -> None:
    """Sends a byte on each connection every two seconds, so that no proxy timeout closes them."""
    over = Event()

    def drip() -> None:
        while not over.wait(2):
            for connection in connections:
                connection.sendall(b" ")

    dripping = Thread(target=drip)
    dripping.start()
    until_closed.callback(dripping.join)
    until_closed.callback(over.set)


def begins_with(port: int, sent: bytes, expected: bytes) -> bool:
    try:
        with opened(port, sent) as connection:
            return connection.recv(4096).startswith(expected)
    except OSError:
        return False


def test_slow_endless_and_large_bodies(port: int) -> None:
    with ExitStack() as slow:
        for _ in range(THREADS - 1):  # each connection holds one thread, whichever worker accepted it
            slow.enter_context(opened(port, HEAD + SLOW))
        assert begins_with(port, HEAD + EMPTY, b"HTTP/1.1 401")
        assert begins_with(port, HEAD + b"Content-Length: 10000000\r\n\r\n", b"HTTP/1.1 413")
        chunk = b"%x\r\n%s\r\n" % (LARGEST + 1, b" " * (LARGEST + 1))
        assert begins_with(port, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk, b"HTTP/1.1 413")
        small = b"4\r\n<a/>\r\n0\r\n\r\n"
        assert begins_with(port, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + small, b"HTTP/1.1 401")


def test_who_says_no_password_is_answered_without_waiting_for_the_body(port: int) -> None:
    for body in (SLOW, b"Transfer-Encoding: chunked\r\n\r\n4\r\n<a"):
        assert begins_with(port, WITHOUT_BASIC + body, b"HTTP/1.1 401")


@pytest.fixture(scope="module")
def front(shared_world: ProcessWorld, port: int) -> int:
    """The address of nginx in front of the portal."""
    if PORTAL_NGINX.binary is None:
        pytest.skip(f"no nginx on this machine ({PORTAL_NGINX.how_to_get_it})")
    number = free_port()
    PORTAL_NGINX.start(shared_world, port, number)
    until(lambda: begins_with(number, HEAD + EMPTY, b"HTTP/1.1 401"), 60, "the portal answers through nginx")
    return number


def test_behind_nginx_more_slow_bodies_than_threads_hold_none(front: int) -> None:
    with ExitStack() as slow:
        trickle([slow.enter_context(opened(front, HEAD + SLOW)) for _ in range(3 * WORKERS * THREADS)], slow)
        for _ in range(WORKERS * THREADS):
            assert begins_with(front, HEAD + EMPTY, b"HTTP/1.1 401")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/a2f/gate?contesto=RICETTA-DEM"])
def test_nginx_hands_on_nothing_that_is_for_machines(front: int, port: int, path: str) -> None:
    raw_request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    assert begins_with(front, raw_request, b"HTTP/1.1 404")
    if path == "/healthz":
        assert begins_with(port, raw_request, b"HTTP/1.1 200")


def test_the_log_of_nginx_holds_neither_the_address_of_a_calendar_nor_a_query(
    shared_world: ProcessWorld, front: int
) -> None:
    for path in (
        "/calendario/segreto1/",
        "/calendario/segreto1/ids.ics?x=segreto2",
        "/semaforo/segreto4/",
        "/accesso/spid/uscita/?SAMLRequest=segreto3",
    ):
        assert begins_with(front, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode(), b"HTTP/1.1 4")
    log = shared_world.folder / "portal.log"
    until(
        lambda: "GET /accesso/spid/uscita/" in log.read_text(encoding="utf-8"),
        20,
        "nginx writes its line, after the answer",
    )
    assert "segreto" not in log.read_text(encoding="utf-8") + (shared_world.folder / "error.log").read_text(
        encoding="utf-8"
    )


def test_a_basic_header_of_64_kib_is_refused_and_the_next_call_is_answered(port: int) -> None:
    huge = b"Authorization: Basic " + b"QUFB" * (16 * 1024) + b"\r\n"
    assert begins_with(port, WITHOUT_BASIC + huge + EMPTY, b"HTTP/1.1 4")
    assert begins_with(port, HEAD + EMPTY, b"HTTP/1.1 401")
