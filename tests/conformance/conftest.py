"""The contract beside the project, when it is there, and the service on a real socket."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sessions.soap.conftest import certificate, gest  # noqa: F401  the same gestionale

CONTRACT = Path(__file__).resolve().parents[3] / "shared" / "contract"
OFFICIAL = ("sts-a2f-service.wsdl", "sts-a2f-service.v0.1.xsd", "sts-a2f-service-data-type.v0.1.xsd")


@pytest.fixture(scope="session")
def contract() -> Path:
    """The folder of the official files."""
    missing = [name for name in OFFICIAL if not (CONTRACT / name).exists()]
    if missing:
        pytest.skip(f"the official files are not beside the project (../shared/contract): {', '.join(missing)}")
    return CONTRACT


@pytest.fixture
def service_url(live_server) -> Iterator[str]:
    """On a real socket. Whoever calls closes its connections: the threads that serve are over with the test."""
    yield f"{live_server.url}/a2f-auth-ws/soap/v1/authentication-service"
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(timeout=10)
