"""kill -9 in the middle of a batch: no pharmacy is half done, and another worker continues on the next tick."""

import signal
import subprocess

import pytest

from portal.demo import processes
from tests.outbox.sink import Sink
from tests.processes.conftest import _SET_UP, ProcessWorld, until
from tests.processes.test_reminders_once import IDS_THAT_END_IN_HALF_AN_HOUR

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]

HOW_MANY = 30
BEGIN = """
from django.utils import timezone
from pharmacies.models import Pharmacy
from portal.identity.models import User
from sessions.staff.desk import bulk
carla = User.objects.create_staff("carla", "una password lunga", roles=["sicurezza"])
bulk.begin("revoke", Pharmacy.objects.values_list("pk", flat=True), "tutte", carla, timezone.now(), "prova")
"""
KILLED_AT_THE_FIFTEENTH = """
import os, signal
from django.utils import timezone
from sessions.staff.desk import bulk
real, done = bulk.ACTS["revoke"], []
def killed(pharmacy, job, now):
    done.append(real(pharmacy, job, now))
    if len(done) == 15:
        os.kill(os.getpid(), signal.SIGKILL)
    return done[-1]
bulk.ACTS["revoke"] = killed
while bulk.advance(timezone.now()):
    pass
"""
HOW_FAR = """
from django.utils import timezone
from portal.journal.models import Entry
from portal.outbox.models import OutgoingMail
from sessions.models import BulkItem, BulkJob, IdSessione
print(
    BulkItem.objects.filter(done_at__isnull=False).count(), IdSessione.objects.live(timezone.now()).count(),
    Entry.objects.filter(verb="id.revoked").count(), OutgoingMail.objects.filter(kind="notice").count(),
    BulkJob.objects.filter(finished_at__isnull=False).count(),
)
"""


def test_a_job_killed_in_the_middle_of_a_batch_is_taken_up_again(world: ProcessWorld, sink: Sink):
    env = {"EMAIL_URL": sink.url}
    world.run(IDS_THAT_END_IN_HALF_AN_HOUR.format(count=HOW_MANY), **env)
    world.run(BEGIN, **env)
    killed = subprocess.run(
        [processes.PYTHON, "-c", _SET_UP + KILLED_AT_THE_FIFTEENTH], env={**world.env, **env}, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert world.run(HOW_FAR) == f"10 {HOW_MANY - 10} 10 10 0"

    world.start_worker(**env)
    world.start_timetable(**env)

    until(lambda: world.run(HOW_FAR) == f"{HOW_MANY} 0 {HOW_MANY} {HOW_MANY} 1", 90, "the job is finished")
