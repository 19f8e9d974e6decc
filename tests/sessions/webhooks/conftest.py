"""A gestionale on loopback, and the address rule that lets the portal call it."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from threading import Thread
from typing import ClassVar

import pytest

from sessions.models import Webhook
from sessions.preferences import webhook_life
from sessions.webhooks.addresses import Address, PublicHttps
from tests.sessions.conftest import MORNING


class ThisMachine(PublicHttps):
    """http too, any port, 127.0.0.1 only."""

    schemes: ClassVar = frozenset({"http", "https"})
    ports: ClassVar = None

    def check_host(self, host: str) -> None:
        pass

    def allows(self, address: Address) -> bool:
        return str(address) == "127.0.0.1"


class NamedHere(ThisMachine):
    """Every name resolves to this machine."""

    def resolve(self, host: str) -> list[Address]:
        return [ip_address("127.0.0.1")]


@dataclass
class WebhookReceiver:
    """Its address, its answers, the calls it received."""

    url: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    heard: list[tuple[str, dict[str, str], str]] = field(default_factory=list)  # path, headers, body


@pytest.fixture
def gestionale(settings) -> Iterator[WebhookReceiver]:
    settings.WEBHOOK_ADDRESSES = "tests.sessions.webhooks.conftest.ThisMachine"
    yield from serve(WebhookReceiver())


def serve(gestionale: WebhookReceiver, tls: ssl.SSLContext | None = None) -> Iterator[WebhookReceiver]:
    class WebhookHandler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            gestionale.heard.append((self.path, dict(self.headers), body))
            self.send_response(gestionale.status)
            for name, value in gestionale.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), WebhookHandler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    gestionale.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}/avvisi?chi=farmacia"
    try:
        yield gestionale
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def connected(gestionale, anna, san_marco) -> tuple[Webhook, str]:
    """Anna's pharmacy, connected for an hour, with the secret in clear."""
    return webhook_life.open_at(san_marco, gestionale.url, anna, MORNING)
