"""HTTP client for the federation and the provider: short timeouts, small answers, no redirects, https to public hosts only."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address

import httpx
from django.conf import settings
from dns.exception import DNSException

from portal import tls
from portal.identity.providers.saml.real import is_public
from portal.web.public_hosts import NoSuchName, addresses_of, is_number, is_on_the_internet

TIMEOUT = httpx.Timeout(4, connect=3)  # seconds between two bytes
ANSWERS_WITHIN = timedelta(seconds=6)  # for a whole answer: a person waits for the page
LARGEST = 256 * 1024  # bytes


class Unreachable(Exception):
    """No answer, too late, too large, or a forbidden address; `str()` says which."""


@dataclass(frozen=True)
class OpenIdReply:
    """One HTTP answer."""

    status: int
    kind: str  # the media type, without parameters
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")


@dataclass(frozen=True)
class Wire:
    """Sends requests. `transport` returns None for the network; the demonstration and the tests replace it."""

    transport: Callable[[], httpx.BaseTransport | None] = lambda: None

    def get(self, address: str, headers: Mapping[str, str] | None = None) -> OpenIdReply:
        """GET. Raises Unreachable."""
        return self._ask("GET", address, headers or {}, None)

    def post(self, address: str, form: Mapping[str, str]) -> OpenIdReply:
        """POST of a form. Raises Unreachable."""
        return self._ask("POST", address, {}, form)

    def _ask(
        self, method: str, address: str, headers: Mapping[str, str], form: Mapping[str, str] | None
    ) -> OpenIdReply:
        until, body = time.monotonic() + ANSWERS_WITHIN.total_seconds(), bytearray()
        agent = {"User-Agent": "portale-farmacie", **headers}
        try:
            if not (settings.DEMO or is_public(address)):
                raise Unreachable("the address is not https, or not public")
            transport, url, options = self.transport(), httpx.URL(address), {}
            if transport is None and not settings.DEMO:
                agent["Host"], options = url.netloc.decode("ascii"), {"sni_hostname": url.raw_host.decode("ascii")}
                url = _pinned(url)
            with (
                httpx.Client(timeout=TIMEOUT, transport=transport, verify=tls.of_the_web(), headers=agent) as client,
                client.stream(method, url, data=form, extensions=options) as response,
            ):
                for piece in response.iter_bytes():
                    body += piece
                    if len(body) > LARGEST:
                        raise Unreachable("the answer is too large")
                    if time.monotonic() > until:
                        raise Unreachable("the answer does not end")
                kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
                return OpenIdReply(response.status_code, kind, bytes(body))
        except (httpx.HTTPError, httpx.InvalidURL, DNSException, NoSuchName, ValueError) as error:  # ValueError: no URL
            raise Unreachable(type(error).__name__) from error


def _pinned(url: httpx.URL) -> httpx.URL:
    """The URL with the address that its name has now in place of the name, as for webhooks. Raises Unreachable, NoSuchName."""
    host = url.raw_host.decode("ascii")
    found = [ip_address(host)] if is_number(host) else addresses_of(host)
    if not all(map(is_on_the_internet, found)):
        raise Unreachable("the name leads to a private network")
    return url.copy_with(host=str(found[0]))
