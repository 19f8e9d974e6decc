"""The outbox's guarantees, with processes that are killed."""

from collections import Counter

import pytest

from tests.outbox.sink import HANG, Sink, free_port
from tests.processes.conftest import ProcessWorld, until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]

POST = """
from django.core.mail import EmailMessage
from django.db import transaction
with transaction.atomic():
    for n in range({count}):
        EmailMessage("Prova", "testo", to=["{to}"]).send()
"""
ACCEPTED = """
from portal.outbox.models import OutgoingMail
print(OutgoingMail.objects.filter(recipient="{to}").exclude(accepted_at=None).count())
"""


def test_a_worker_killed_between_claim_and_smtp_loses_no_mail(world: ProcessWorld, sink: Sink):
    env = {"EMAIL_URL": sink.url, "OUTBOX_LEASE": "2"}
    sink.at_data = [HANG]
    first = world.start_worker("first", **env)
    world.run(POST.format(count=1, to="killed@farmacia.it"), **env)
    world.start_timetable(**env)
    until(lambda: sink.reached_data == 1, 60, "the worker is in the middle of the conversation")
    world.kill(first)
    assert not sink.letters
    world.start_worker("second", **env)
    until(lambda: bool(sink.letters), 60, "another worker took the letter over")
    until(lambda: world.run(ACCEPTED.format(to="killed@farmacia.it")) == "1", 30, "the server's answer is written down")
    assert sink.recipients == ["killed@farmacia.it"]


def test_two_workers_and_two_timetables_send_no_letter_twice(world: ProcessWorld, sink: Sink):
    env = {"EMAIL_URL": sink.url}
    for name in ("one", "two"):
        world.start_worker(name, **env)
        world.start_timetable(f"{name}-timetable", **env)
    for _ in range(3):
        world.run(POST.format(count=20, to="twice@farmacia.it"), **env)
    until(lambda: world.run(ACCEPTED.format(to="twice@farmacia.it")) == "60", 90, "all are written down as accepted")
    # another test's process may have used this port before: count our letters only
    ours = Counter(letter["Message-ID"] for letter in sink.letters if "twice@farmacia.it" in str(letter["To"]))
    assert len(ours) == 60
    assert set(ours.values()) == {1}


WAKE = """
from time import monotonic
from portal.outbox.waking import _for_urgent
_for_urgent()  # the first one pays for the imports
started = monotonic()
_for_urgent()
print(monotonic() - started < 1)
"""


def test_a_broker_that_is_down_does_not_slow_a_page(world: ProcessWorld):
    assert world.run(WAKE, REDIS_URL=f"redis://127.0.0.1:{free_port()}/0") == "True"
