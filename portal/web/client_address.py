"""The network address of the client."""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from ipaddress import ip_address, ip_network
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

_HERE: ContextVar[str] = ContextVar("client_address", default="")
LONGEST = 45  # characters of an IPv6 address


def client_address(meta: Mapping[str, Any]) -> str:
    """The client's address from `request.META`. Behind our proxy, the last of X-Forwarded-For: a client can forge the others.

    A proxy that adds no X-Forwarded-For (docs/production.md requires it) leaves its own address for every client.
    """
    forwarded = str(meta.get("HTTP_X_FORWARDED_FOR", "")) if settings.SECURE_PROXY_SSL_HEADER else ""
    return forwarded.rpartition(",")[2].strip() or str(meta.get("REMOTE_ADDR", ""))


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
