"""Two workers and two timetables: each reminder once, in the mailbox too."""

import pytest

from tests.outbox.sink import Sink
from tests.processes.conftest import ProcessWorld, until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]

HOW_MANY = 40
IDS_THAT_END_IN_HALF_AN_HOUR = """
from datetime import timedelta
from django.db import transaction
from django.utils import timezone
from pharmacies.models import MailCertification, Pharmacy, Utenza
from portal.identity.models import User
from sessions.ids.issuing import issue
from sessions.models import Context
now = timezone.now()
anna = User.objects.for_person("RSSNNA80A41H501L", "Anna", "Rossi")
context = Context.objects.usual()
with transaction.atomic():
    for n in range({count}):
        pharmacy = Pharmacy.objects.create(code=f"R{{n}}", name=f"Prova {{n}}", comune="TRENTO")
        address = f"id@farmacia{{n}}.it"
        MailCertification.objects.create(
            pharmacy=pharmacy, address=address, address_key=address, requested_by=anna, requested_at=now,
            certified_at=now, certified_by=anna)
        utenza = Utenza.objects.create(
            pharmacy=pharmacy, user_id=f"UVR{{n}}", codice_fiscale="RSSNNA80A41H501L", codice_regione="042",
            codice_asl="001", codice_ssa="045120", created_at=now, password_changed_at=now)
        issue(utenza, context, now - timedelta(hours=15, minutes=30))
    # the reminders were due half an hour ago: nothing was awake
"""
STILL_TO_SAY = """
from sessions.models import Reminder
print(Reminder.objects.filter(settled_at=None).count())
"""
SAID = """
from portal.outbox.models import OutgoingMail
said = OutgoingMail.objects.filter(kind="reminder")
print(said.count(), said.values("recipient").distinct().count())
"""


def test_two_workers_and_two_timetables_send_no_reminder_twice(world: ProcessWorld, sink: Sink):
    env = {"EMAIL_URL": sink.url}
    world.run(IDS_THAT_END_IN_HALF_AN_HOUR.format(count=HOW_MANY), **env)
    assert world.run(STILL_TO_SAY) == str(HOW_MANY)
    for name in ("one", "two"):
        world.start_worker(name, **env)
        world.start_timetable(f"{name}-timetable", **env)
    until(lambda: world.run(STILL_TO_SAY) == "0", 90, "every reminder is settled")
    until(lambda: len(sink.letters) >= 2 * HOW_MANY, 90, "the ids and the reminders are in the mailboxes")
    assert world.run(SAID) == f"{HOW_MANY} {HOW_MANY}"
    assert set(sink.count_by_message_id.values()) == {1}
