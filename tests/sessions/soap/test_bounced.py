"""After the letter with an id bounces: the web service, the reminders and the pages."""

import io
import sys
from datetime import timedelta

from django.core.management import call_command
from django.utils import timezone

from portal.outbox.models import OutgoingMail
from portal.outbox.sending.delivery import deliver_due
from sessions.models import Reminder
from sessions.reminders import sending
from tests.outbox.conftest import sink  # noqa: F401  the fixture
from tests.outbox.postmaster import report


def test_from_the_letter_that_comes_back_to_the_address_that_is_mended(
    gest,
    sink,  # noqa: F811
    settings,
    monkeypatch,
    anna_client,
    certified,
):
    settings.BOUNCE_DOMAIN = "rimbalzi.portale.example"
    assert gest.create().done
    assert deliver_due(timezone.now()) == 1

    monkeypatch.setattr(
        sys, "stdin", io.TextIOWrapper(io.BytesIO(report(sink.senders[0], sink.recipients[0])), encoding="utf-8")
    )
    call_command("receive_bounce", sink.senders[0])

    assert gest.create().code == "100"
    assert "non riceve più posta" in anna_client.get("/servizi/4512/").content.decode()
    assert "Rifiutato: casella inesistente" in anna_client.get("/servizi/4512/id-sessione/").content.decode()

    sending.send_due(timezone.now() + timedelta(hours=15, minutes=30))
    assert not OutgoingMail.objects.filter(kind="reminder").exists()
    assert {reminder.skipped_because for reminder in Reminder.objects.exclude(settled_at=None)} == {"unreachable"}
