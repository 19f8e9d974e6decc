"""The other ends of the line: short waits, small answers, no redirects, https to public names only."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import httpx
from django.conf import settings

from portal.identity.providers.saml.real import is_public

TIMEOUT = httpx.Timeout(4, connect=3)  # seconds without a byte
ANSWERS_WITHIN = timedelta(seconds=6)  # the body of an answer: somebody waits before a page
LARGEST = 256 * 1024  # bytes


class Unreachable(Exception):
    """No answer, too late, too large, or from an address that may not be asked. `str()` says which."""


@dataclass(frozen=True)
class OpenIdReply:
    """What came back."""

    status: int
    kind: str  # the media type, without parameters
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")


@dataclass(frozen=True)
class Wire:
    """Asks and hears. `transport` None is the network; the demonstration and the tests put another one in its place."""

    transport: Callable[[], httpx.BaseTransport | None] = lambda: None

    def get(self, address: str, headers: Mapping[str, str] | None = None) -> OpenIdReply:
        """Raises Unreachable."""
        return self._ask("GET", address, headers or {}, None)

    def post(self, address: str, form: Mapping[str, str]) -> OpenIdReply:
        """Raises Unreachable."""
        return self._ask("POST", address, {}, form)

    def _ask(
        self, method: str, address: str, headers: Mapping[str, str], form: Mapping[str, str] | None
    ) -> OpenIdReply:
        until, body = time.monotonic() + ANSWERS_WITHIN.total_seconds(), bytearray()
        agent = {"User-Agent": "portale-farmacie", **headers}
        try:
            if not (settings.DEMO or is_public(address)):
                raise Unreachable("the address is not https, or of this machine")
            with (
                httpx.Client(timeout=TIMEOUT, transport=self.transport(), headers=agent) as client,
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
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:  # ValueError: an address that is none
            raise Unreachable(type(error).__name__) from error
