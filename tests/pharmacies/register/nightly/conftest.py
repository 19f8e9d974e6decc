"""A site of the Ministry on this machine: a page with links, files with validators, and the ways in which it can fail."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.pharmacies.register.register_files import TODAY, row


def register(*codes: int, name: str = "San Marco") -> bytes:
    return "\r\n".join([TODAY, *(row(str(code), name) for code in codes or range(1, 300)), ""]).encode()


@dataclass
class Site:
    """`files`: name → content. `links`: the links of the page, the files' own without it."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    links: list[str] | None = None
    page: bytes | None = None
    agent: str = ""  # the only User-Agent that it answers
    cut: bool = False  # every file breaks off in its middle
    measured: bool = True
    stalls: bool = False  # every file stops in its middle, and the connection stays open
    pause: float = 0  # seconds before the answer
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    redirects: dict[str, str] = field(default_factory=dict)

    def wait(self, seconds: float) -> None:
        threading.Event().wait(seconds)

    @property
    def page_url(self) -> str:
        return f"{self.url}/it/dataset/farmacie/"

    def asked_for(self, part: str) -> list[dict[str, str]]:
        """The headers of the requests whose path holds `part`."""
        return [headers for path, headers in self.requests if part in path]

    def as_page(self) -> bytes:
        links = self.links if self.links is not None else [f"/sites/opendata/{name}" for name in self.files]
        items = "".join(f'<li><a href="{link}">Scarica</a></li>' for link in links)
        return f"<!doctype html><html><body><h1>Farmacie</h1><ul>{items}</ul></body></html>".encode()


class SiteHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        site: Site = self.server.site
        site.requests.append((self.path, dict(self.headers)))
        site.wait(site.pause)
        name = self.path.rpartition("/")[2].partition("?")[0]
        if site.agent and self.headers.get("User-Agent") != site.agent:
            self.answer(403)
        elif self.path in site.redirects:
            self.answer(302, Location=site.redirects[self.path])
        elif not name:
            self.answer(200, site.page if site.page is not None else site.as_page())
        elif name in site.files:
            self.file(site, site.files[name])
        else:
            self.answer(404)

    def file(self, site: Site, body: bytes) -> None:
        etag = f'"{sha256(body).hexdigest()[:20]}"'
        if self.headers.get("If-None-Match") == etag:
            self.answer(304, ETag=etag)
            return
        start = 0
        if self.headers.get("Range") and self.headers.get("If-Range") == etag:
            start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
        part = body[start:]
        headers = {"ETag": etag, "Last-Modified": "Mon, 30 Nov 2026 01:00:00 GMT"}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        self.answer(206 if start else 200, part, cut=site.cut, measured=site.measured, **headers)

    def answer(
        self, status: int, body: bytes = b"", *, cut: bool = False, measured: bool = True, **headers: str
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if measured:
            self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        site: Site = self.server.site
        with suppress(ConnectionError):
            self.wfile.write(body[: len(body) // 2] if cut or site.stalls else body)
        for _ in range(200):
            if site.stalls:
                site.wait(0.1)

    def log_message(self, *args) -> None:
        pass


@pytest.fixture
def site(settings, tmp_path, monkeypatch) -> Iterator[Site]:
    """The site; REGISTER_FARMACIE_URL names its page. No pause between the attempts of a download."""
    monkeypatch.setattr("pharmacies.files.download.time.sleep", lambda seconds: None)
    server = ThreadingHTTPServer(("127.0.0.1", 0), SiteHandler)
    server.site = site = Site(f"http://127.0.0.1:{server.server_address[1]}")
    settings.VAR_DIR = tmp_path
    settings.REGISTER_FARMACIE_URL = site.page_url
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()
