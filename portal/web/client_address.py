"""Where a request comes from."""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

_HERE: ContextVar[str] = ContextVar("client_address", default="")
LONGEST = 45  # characters of an IPv6 address


def client_address(meta: Mapping[str, Any]) -> str:
    """From `request.META`. Behind our own proxy it is the last name on the list: the others the client may invent.

    A proxy that adds no X-Forwarded-For (docs/production.md asks for it) leaves its own address: everybody is one place.
    """
    forwarded = str(meta.get("HTTP_X_FORWARDED_FOR", "")) if settings.SECURE_PROXY_SSL_HEADER else ""
    return forwarded.rpartition(",")[2].strip() or str(meta.get("REMOTE_ADDR", ""))


class ClientAddressMiddleware:
    """While a request is being answered, here() says where it comes from: the journal asks, far from any request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _HERE.set(client_address(request.META)[:LONGEST])
        try:
            return self.get_response(request)
        finally:
            _HERE.reset(token)


def here() -> str:
    """The address of whoever asked for what is being done; "" for the background work and the commands."""
    return _HERE.get()


def known_ip(address: str) -> str | None:
    """The address when it is one; None when a proxy has told nothing, or something else."""
    try:
        return str(ip_address(address))
    except ValueError:
        return None
