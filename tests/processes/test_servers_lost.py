"""Redis lost or emptied, PostgreSQL restarted: servers of this test's own, in its own folder."""

from collections.abc import Iterator

import pytest

from portal.demo.supervisor import CannotStart
from tests.day.servers import OwnPostgres, OwnRedis
from tests.outbox.sink import Sink
from tests.processes.conftest import ProcessWorld, until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]
A_SWEEP = 60  # seconds, as docs/production.md promises

POST = """
from django.core.mail import EmailMessage
from django.db import transaction
with transaction.atomic():
    EmailMessage("Prova", "testo", to=["{to}"]).send()
"""


@pytest.fixture
def redis(world: ProcessWorld) -> Iterator[OwnRedis]:
    try:
        own = OwnRedis(world.folder)
        own.start()
    except CannotStart as reason:
        pytest.skip(str(reason))
    world.env["REDIS_URL"] = own.url
    yield own
    own.stop()


def test_without_redis_the_timetable_does_the_rounds_itself(world: ProcessWorld, sink: Sink, redis: OwnRedis):
    env = {"EMAIL_URL": sink.url}
    world.start_worker(**env)
    timetable = world.start_timetable(**env)
    world.run(POST.format(to="before@farmacia.it"), **env)
    until(lambda: "before@farmacia.it" in sink.recipients, 60, "the worker delivers while Redis is there")
    redis.kill()
    world.run(POST.format(to="without@farmacia.it"), **env)
    until(lambda: "without@farmacia.it" in sink.recipients, A_SWEEP, "the letter leaves while Redis is away")
    assert "does the rounds itself" in timetable.log.read_text(encoding="utf-8")
    redis.start()
    until(
        lambda: "answers again" in timetable.log.read_text(encoding="utf-8"), A_SWEEP, "the timetable finds Redis again"
    )
    world.run(POST.format(to="after@farmacia.it"), **env)
    until(lambda: "after@farmacia.it" in sink.recipients, A_SWEEP, "the workers deliver again")
    assert set(sink.count_by_message_id.values()) == {1}


def test_a_redis_emptied_with_the_calls_in_it_costs_one_round(world: ProcessWorld, sink: Sink, redis: OwnRedis):
    env = {"EMAIL_URL": sink.url}
    world.run(POST.format(to="emptied@farmacia.it"), **env)  # the wake-up is lost
    redis.empty()
    world.start_worker(**env)
    world.start_timetable(**env)
    until(lambda: sink.recipients == ["emptied@farmacia.it"], A_SWEEP, "the letter leaves without its call")


def test_after_a_restart_of_postgresql_the_same_workers_go_on(world: ProcessWorld, sink: Sink):
    try:
        own = OwnPostgres(world.folder)
        own.start()
    except CannotStart as reason:
        pytest.skip(str(reason))
    world.env["DATABASE_URL"] = own.url
    env = {"EMAIL_URL": sink.url, "OUTBOX_LEASE": "2"}
    try:
        world.manage("migrate", "--verbosity", "0")
        worker, timetable = world.start_worker(**env), world.start_timetable(**env)
        world.run(POST.format(to="before@farmacia.it"), **env)
        until(lambda: "before@farmacia.it" in sink.recipients, 60, "the worker delivers")
        own.restart()
        world.run(POST.format(to="after@farmacia.it"), **env)
        until(lambda: "after@farmacia.it" in sink.recipients, A_SWEEP, "the worker has found its database again")
        assert worker.alive
        assert timetable.alive
    finally:
        world.kill_all()
        own.remove()
