"""Where a request comes from."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings


def client_address(meta: Mapping[str, Any]) -> str:
    """From `request.META`. Behind our own proxy it is the last name on the list: the others the client may invent.

    A proxy that adds no X-Forwarded-For (docs/production.md asks for it) leaves its own address: everybody is one place.
    """
    forwarded = str(meta.get("HTTP_X_FORWARDED_FOR", "")) if settings.SECURE_PROXY_SSL_HEADER else ""
    return forwarded.rpartition(",")[2].strip() or str(meta.get("REMOTE_ADDR", ""))
