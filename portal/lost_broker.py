"""A channel to Redis whose connection is closed already says so with a connection error.

When Redis goes while tasks are under way, kombu 5.7 puts their messages back through the closed connection, whose client is
None: it raises AttributeError, which no caller expects, and the worker ends. Celery expects ConnectionError there, and connects
again. The messages come back by themselves after `visibility_timeout`.
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
    """For this process, before its first connection."""
    _channel._connparams = _connparams_or_lost
