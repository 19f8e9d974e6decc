"""The service on a real socket."""

import threading
from collections.abc import Iterator

import pytest

from tests.sessions.soap.conftest import certificate, gest  # noqa: F401  the same gestionale


@pytest.fixture
def service_url(live_server) -> Iterator[str]:
    """The service on a real socket. The caller closes its connections: the server's threads end with the test."""
    yield f"{live_server.url}/a2f-auth-ws/soap/v1/authentication-service"
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(timeout=10)
