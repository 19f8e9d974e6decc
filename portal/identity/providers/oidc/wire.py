"""HTTP client for the federation and the provider: short timeouts, small answers, no redirects, https to public hosts only."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import httpx
from django.conf import settings

from portal import tls
from portal.identity.providers.saml.real import is_public

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
            with (
                httpx.Client(
                    timeout=TIMEOUT, transport=self.transport(), verify=tls.of_the_web(), headers=agent
                ) as client,
                client.stream(method, address, data=form) as response,
            ):
                for piece in response.iter_bytes():
                    body += piece
                    if len(body) > LARGEST:
                        raise Unreachable("the answer is too large")
                    if time.monotonic() > until:
                        raise Unreachable("the answer does not end")
                kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
                return OpenIdReply(response.status_code, kind, bytes(body))
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:  # ValueError: not a URL
            raise Unreachable(type(error).__name__) from error
