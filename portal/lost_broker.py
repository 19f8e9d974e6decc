"""Patches kombu 5.7, so that a channel to Redis whose connection is closed raises a connection error.

When Redis stops while tasks run, kombu returns their messages through the closed connection, whose client is None. That raises
AttributeError, which no caller handles, and the worker exits. On ConnectionError Celery reconnects. Redis redelivers the
messages after `visibility_timeout`.
"""

from typing import Any

from kombu.transport import redis
from redis.exceptions import ConnectionError as RedisConnectionError

_channel: Any = redis.Channel  # kombu has no types
_connparams = _channel._connparams


def _connparams_or_lost(self: Any, *args: Any, **kwargs: Any) -> Any:
    if self.connection is None or self.connection.client is None:
        raise RedisConnectionError("the connection to the broker is closed")
    return _connparams(self, *args, **kwargs)


def mend() -> None:
    """Applies the patch to this process. Call it before the first connection."""
    _channel._connparams = _connparams_or_lost
