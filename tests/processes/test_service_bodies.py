"""The web service behind a real gunicorn: bodies that are slow, endless or too large hurt nobody else."""

import socket
from contextlib import ExitStack

import pytest

from portal.demo import processes
from sessions.soap.envelope import LARGEST
from tests.outbox.sink import free_port
from tests.processes.conftest import World, until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]
HEAD = b"POST /a2f-auth-ws/soap/v1/authentication-service HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml\r\n"


@pytest.fixture
def port(world: World) -> int:
    number = free_port()
    world.start("web", processes.web(number))
    until(lambda: begins_with(number, HEAD + b"Content-Length: 0\r\n\r\n", b"HTTP/1.1 401"), 60, "the portal answers")
    return number


def opened(port: int, sent: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    connection.sendall(sent)
    return connection


def begins_with(port: int, sent: bytes, expected: bytes) -> bool:
    try:
        with opened(port, sent) as connection:
            return connection.recv(4096).startswith(expected)
    except OSError:
        return False


def test_slow_endless_and_large_bodies(port: int) -> None:
    with ExitStack() as slow:
        for _ in range(3):  # each holds a thread and no more
            slow.enter_context(opened(port, HEAD + b"Content-Length: 1000\r\n\r\n<a"))
        assert begins_with(port, HEAD + b"Content-Length: 0\r\n\r\n", b"HTTP/1.1 401")
        assert begins_with(port, HEAD + b"Content-Length: 10000000\r\n\r\n", b"HTTP/1.1 413")
        chunk = b"%x\r\n%s\r\n" % (LARGEST + 1, b" " * (LARGEST + 1))
        assert begins_with(port, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk, b"HTTP/1.1 413")
        small = b"4\r\n<a/>\r\n0\r\n\r\n"
        assert begins_with(port, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + small, b"HTTP/1.1 401")
