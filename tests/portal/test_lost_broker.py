"""A worker survives a Redis that goes away while its tasks run."""

from types import SimpleNamespace

import pytest
from kombu.transport.redis import Channel
from redis.exceptions import ConnectionError as RedisConnectionError

import portal.celery  # noqa: F401  mends the channel


@pytest.mark.parametrize("connection", [None, SimpleNamespace(client=None)])
def test_a_closed_channel_raises_what_celery_expects_of_a_lost_broker(connection):
    channel = Channel.__new__(Channel)
    channel.connection = connection
    with pytest.raises(RedisConnectionError):
        channel._connparams()
