"""A cache of a few seconds for counts that many operators of one territory read at the same time.

A page works without it: a cache that is stopped, full or silent costs a query and never an error. After a failure this process
leaves the cache alone for AWAY_FOR, so that a page waits for one connection at most, not for one at each count.
"""

import logging
from collections.abc import Callable
from hashlib import sha256
from time import monotonic
from typing import Any, TypeVar

from django.conf import settings
from django.core.cache import cache

log = logging.getLogger(__name__)
AWAY_FOR = 10.0  # seconds
Kept = TypeVar("Kept")


class _Away:
    """When this process may use the cache again (seconds of `monotonic`)."""

    until = 0.0


def kept(what: str, of: Any, read: Callable[[], Kept], times: int = 1) -> Kept:
    """Returns the result of `read`, at most `times` × DESK_KEPT_FOR old. The repr of `of` is part of the cache key."""
    seconds = settings.DESK_KEPT_FOR.total_seconds() * times
    if not seconds:
        return read()
    key = f"desk:{what}:{sha256(repr(of).encode()).hexdigest()}".replace(" ", "-")  # a key of memcached has no spaces
    found: Kept | None = _tried(lambda: cache.get(key))
    if found is None:
        found = read()
        _tried(lambda: cache.set(key, found, seconds))
    return found


def _tried(act: Callable[[], Any]) -> Any:
    """Returns the answer of the cache; None when it fails, or failed less than AWAY_FOR ago."""
    if monotonic() < _Away.until:
        return None
    try:
        return act()
    except Exception:  # each backend has errors of its own; whatever they are, the page goes on
        _Away.until = monotonic() + AWAY_FOR
        log.warning("The cache does not answer: the desk counts anew for %d seconds.", AWAY_FOR)
        return None
