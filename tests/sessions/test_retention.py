"""Retention of ids, letters and calls: rows that go, rows that stay."""

from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import call_command

from pharmacies.models import CodiceValidazione, CopyMailbox, MailCertification, RegisterChange
from portal.identity.models import RegisteredProvider, StaffRecoveryCode
from portal.outbox.models import Bounce, MailDomain, OutgoingMail
from sessions import tasks
from sessions.ids import forgetting, issuing
from sessions.models import (
    BulkItem,
    BulkJob,
    CalendarLink,
    Closure,
    DayDuty,
    IdSessione,
    NightDuty,
    OpenHoliday,
    Reminder,
    ReminderCopy,
    SupportNote,
    Webhook,
    WebhookCall,
)
from sessions.preferences import webhook_life
from sessions.reminders import sending
from sessions.webhooks import events
from sessions.webhooks.calls import call_due
from tests.pharmacies.copy_mailboxes import copies_to
from tests.sessions.conftest import MORNING

H, DAYS = timedelta(hours=1), timedelta(days=1)
KEPT = timedelta(days=731)
ROWS = (ReminderCopy, Reminder, IdSessione, CodiceValidazione, Bounce, OutgoingMail)


def purge(at, *arguments: str) -> str:
    said = StringIO()
    with time_machine.travel(at, tick=False):
        call_command("purge", *arguments, stdout=said)
    return said.getvalue()


@pytest.fixture
def old_day(utenza, certified, replacing) -> None:
    """An id requested twice, reminded with a copy, expired; a code; a bounced letter. All letters are delivered or given up."""
    copies_to("anna@example.it", certified.pharmacy, None, MORNING)
    for hour in (0, 1):
        issuing.issue(utenza, replacing, MORNING + hour * H)
    sending.send_due(MORNING + 10.5 * H)
    forgetting.forget_dead(MORNING + 12 * H)
    letter = OutgoingMail.objects.latest("pk")
    CodiceValidazione.objects.create(
        certification=certified, code_hash="0", sent_at=MORNING, expires_at=MORNING + H, letter=letter
    )
    Bounce.objects.create(letter=letter, at=MORNING, action="delayed", status="4.4.1", answer="450", report="0" * 64)
    OutgoingMail.objects.update(sealed_source=None, accepted_at=MORNING, withdrawn_at=None)


def test_ids_letters_and_what_hangs_on_them_go_after_24_months_together(old_day) -> None:
    assert IdSessione.objects.filter(replaced_by__isnull=False).exists()
    purge(MORNING + KEPT - DAYS)
    assert all(model.objects.exists() for model in ROWS)
    purge(MORNING + KEPT + DAYS)
    assert [model.__name__ for model in ROWS if model.objects.exists()] == []
    assert MailCertification.objects.exists()


def test_what_a_younger_row_needs_stays_with_it(old_day, utenza, replacing) -> None:
    """Today's id has a letter of its own; a letter that an id refers to stays beyond its own retention."""
    row = issuing.issue(utenza, replacing, MORNING + KEPT).id_sessione
    OutgoingMail.objects.filter(pk=row.letter_id).update(created_at=MORNING, sealed_source=None, accepted_at=MORNING)
    purge(MORNING + KEPT + DAYS)
    assert IdSessione.objects.get().letter_id == OutgoingMail.objects.get().pk == row.letter_id


def test_a_dry_run_counts_and_forgets_nothing(old_day) -> None:
    said = purge(MORNING + KEPT + DAYS, "--dry-run")
    counted = dict(line.rsplit(maxsplit=1) for line in said.splitlines()[:-1])
    assert (counted["ids"], counted["codes"]) == ("2", "1")
    assert IdSessione.objects.count() == 2


def test_the_calls_to_a_gestionale_go_after_90_days_and_the_closed_address_with_them(anna, san_marco) -> None:
    with time_machine.travel(MORNING, tick=False):
        webhook, _ = webhook_life.open_at(san_marco, "https://gestionale.example.it/avvisi", anna, MORNING)
        events.test(webhook, MORNING)
        webhook_life.close(webhook, anna, MORNING + H)
        webhook_life.open_at(san_marco, "https://altro.example.it/avvisi", anna, MORNING + H)
    purge(MORNING + 90 * DAYS - H)
    assert WebhookCall.objects.count() == 1
    with time_machine.travel(MORNING + 90 * DAYS + 2 * H, tick=False):
        tasks.purge_old_rows()
    assert not WebhookCall.objects.exists()
    assert Webhook.objects.get().url == "https://altro.example.it/avvisi"


def test_a_call_that_still_waits_is_not_forgotten(anna, san_marco) -> None:
    webhook, _ = webhook_life.open_at(san_marco, "https://gestionale.example.it/avvisi", anna, MORNING)
    call = events.test(webhook, MORNING)
    purge(MORNING + 91 * DAYS)
    assert WebhookCall.objects.get() == call
    call_due(MORNING + 91 * DAYS)  # too late by now: given up, so nothing keeps it any longer
    purge(MORNING + 91 * DAYS)
    assert not WebhookCall.objects.exists()


def test_more_rows_than_a_batch_holds_all_go(anna, san_marco) -> None:
    webhook, _ = webhook_life.open_at(san_marco, "https://gestionale.example.it/avvisi", anna, MORNING)
    event = {"webhook": webhook, "event": "portale.test", "body": "", "give_up_at": MORNING, "next_attempt_at": MORNING}
    old = [WebhookCall(created_at=MORNING, accepted_at=MORNING, **event) for _ in range(2500)]
    young = [WebhookCall(created_at=MORNING + 50 * DAYS, accepted_at=MORNING, **event) for _ in range(10)]
    WebhookCall.objects.bulk_create([*old, *young])
    purge(MORNING + 91 * DAYS)
    assert WebhookCall.objects.count() == 10


def test_every_kind_of_row_that_grows_goes_in_its_time(anna, carla, san_marco) -> None:
    old, young = MORNING, MORNING + KEPT
    for at in (old, young):
        job = BulkJob.objects.create(act="revoke", asked_for="", asked_by=carla, asked_at=at, total=1, finished_at=at)
        BulkItem.objects.create(job=job, pharmacy=san_marco, number=0, done_at=at)
        RegisterChange.objects.create(pharmacy=san_marco, at=at, field="name")
        NightDuty.objects.create(pharmacy=san_marco, evening=at.date())
        DayDuty.objects.create(pharmacy=san_marco, day=at.date(), hours=[[510, 1200]])
        Closure.objects.create(pharmacy=san_marco, first=at.date(), last=at.date())
        OpenHoliday.objects.create(pharmacy=san_marco, day=at.date())
        note = SupportNote.objects.write(san_marco, f"{at}", carla, at)
        note.close("fatto", carla, at)
        MailDomain.objects.create(name=f"{at:%Y}.example", refused_at=at)
        RegisteredProvider.objects.create(
            door="spid", entity_id=f"{at}", document="", digest="", loaded_at=at, replaced_at=at
        )
        StaffRecoveryCode.objects.create(user=carla, code_hash=f"{at}", made_at=at, used_at=at)
        CopyMailbox.objects.create(pharmacy=san_marco, address="a@b.it", mailbox="a@b.it", named_at=at, ended_at=at)
        CalendarLink.objects.create(pharmacy=san_marco, digest=f"{at}".encode(), made_at=at, made_by=anna, closed_at=at)
    kinds = (
        BulkJob, BulkItem, RegisterChange, NightDuty, SupportNote, MailDomain, RegisteredProvider, StaffRecoveryCode,
        CalendarLink, CopyMailbox, DayDuty, Closure, OpenHoliday,
    )  # fmt: skip
    purge(young + DAYS)
    assert {model.__name__: model.objects.count() for model in kinds} == {model.__name__: 1 for model in kinds}


def test_a_sheet_under_download_keeps_its_rows_and_an_old_one_has_none(carla, san_marco) -> None:
    job = BulkJob.objects.create(
        act="list", asked_for="", asked_by=carla, asked_at=MORNING, total=1, finished_at=MORNING
    )
    BulkItem.objects.create(job=job, pharmacy=san_marco, number=0, done_at=MORNING, cells=["x"])
    purge(MORNING + 24.5 * H)
    assert BulkItem.objects.exists()
    purge(MORNING + 25 * H)
    assert not BulkItem.objects.exists()
    assert job.progress()["done"] == 1
