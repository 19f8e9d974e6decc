"""The desk goes on without its cache: stopped, full or silent, it costs queries and never an error."""

from datetime import timedelta

import pytest
from django.core.cache import cache
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from sessions.staff.lists import brief_cache
from tests.sessions.staff.conftest import STATUS, counter

PAGES = [STATUS, f"{STATUS}?stato=tutte", f"{STATUS}?cerca=dolomiti", "/operatori/posta/", "/operatori/da-invitare/"]


@pytest.fixture(autouse=True)
def _kept(settings, monkeypatch):
    settings.DESK_KEPT_FOR = timedelta(seconds=10)
    monkeypatch.setattr(brief_cache._Away, "until", 0.0)
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def broken(monkeypatch):
    """broken("set", error): this call of the cache fails; returns the calls made so far."""
    calls: list[str] = []

    def fail(name: str, error: Exception) -> list[str]:
        def call(*args, **kwargs):
            calls.append(name)
            raise error

        monkeypatch.setattr(cache, name, call)
        return calls

    return fail


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("get", RedisConnectionError("Connection refused")),
        ("set", ResponseError("OOM command not allowed when used memory > 'maxmemory'")),
        ("get", TimeoutError("no answer")),
    ],
)
def test_a_page_opens_without_the_cache(carla_client, give_id, broken, page, call, error):
    give_id(name="Dolomiti")
    calls = broken(call, error)
    assert carla_client.get(page).status_code == 200
    assert len(calls) == 1  # a silent cache delays the page once, not at each count


def test_the_counters_are_right_without_the_cache(carla_client, give_id, broken):
    broken("get", RedisConnectionError("Connection refused"))
    give_id()
    assert counter(carla_client.get(STATUS).content.decode(), "Attive") == 1


def test_the_cache_is_used_again_after_a_while(carla_client, give_id, monkeypatch, broken):
    calls = broken("get", RedisConnectionError("Connection refused"))
    carla_client.get(STATUS)
    monkeypatch.setattr(brief_cache._Away, "until", 0.0)  # AWAY_FOR later
    carla_client.get(STATUS)
    assert len(calls) == 2
