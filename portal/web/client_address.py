"""The network address of the client."""

import logging
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import cache
from ipaddress import ip_address, ip_network
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

log = logging.getLogger(__name__)
_HERE: ContextVar[str] = ContextVar("client_address", default="")
LONGEST = 45  # characters of an IPv6 address


def client_address(meta: Mapping[str, Any]) -> str:
    """The client's address from `request.META`. Behind CLIENT_PROXIES proxies, as many from the end of X-Forwarded-For: a client can
    forge the ones before.

    A proxy that adds no X-Forwarded-For (docs/production.md requires it) leaves its own address for every client. Fewer addresses
    than proxies: the first, and one warning in the log of each process.
    """
    forwarded = str(meta.get("HTTP_X_FORWARDED_FOR", "")) if settings.SECURE_PROXY_SSL_HEADER else ""
    addresses = [one.strip() for one in forwarded.split(",") if one.strip()]
    if not addresses:
        return str(meta.get("REMOTE_ADDR", ""))
    if len(addresses) < settings.CLIENT_PROXIES:
        _warn_of_proxies()
    return addresses[-min(settings.CLIENT_PROXIES, len(addresses))]


@cache
def _warn_of_proxies() -> None:
    log.warning(
        "X-Forwarded-For has fewer addresses than CLIENT_PROXIES (%s): check the proxies", settings.CLIENT_PROXIES
    )


class ClientAddressMiddleware:
    """Makes the client's address available through here() during a request, for code that has no request (the journal)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _HERE.set(client_address(request.META)[:LONGEST])
        try:
            return self.get_response(request)
        finally:
            _HERE.reset(token)


def here() -> str:
    """The client's address of the request under way; "" in background work and commands."""
    return _HERE.get()


def known_ip(address: str) -> str | None:
    """The address in its normal form; None when the text is not an IP address."""
    try:
        return str(ip_address(address))
    except ValueError:
        return None


def shortened(address: str) -> str:
    """The network of the address, for people: `192.0.2.x`, `2001:db8:1::`; "" when the text is not an IP address."""
    known = known_ip(address)
    if known is None:
        return ""
    network = str(ip_network(f"{known}/{48 if ':' in known else 24}", strict=False).network_address)
    return network if ":" in known else f"{network.rpartition('.')[0]}.x"
