"""A cache of a few seconds for counts that many operators of one territory read at the same time."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any, TypeVar

from django.conf import settings
from django.core.cache import cache

Kept = TypeVar("Kept")


def kept(what: str, of: Any, read: Callable[[], Kept], times: int = 1) -> Kept:
    """Returns the result of `read`, at most `times` × DESK_KEPT_FOR old. The repr of `of` is part of the cache key."""
    seconds = settings.DESK_KEPT_FOR.total_seconds() * times
    if not seconds:
        return read()
    key = f"desk:{what}:{sha256(repr(of).encode()).hexdigest()}"  # a key of memcached has no spaces
    found: Kept | None = cache.get(key)
    if found is None:
        found = read()
        cache.set(key, found, seconds)
    return found
