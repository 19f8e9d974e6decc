"""«Fai passare il tempo»: the portal's time goes forward, the real time does not, and a held letter is sent once."""

from datetime import datetime, timedelta
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from portal.demo.clock import moving
from portal.demo.clock.coming import EXPIRY, REMINDER
from portal.demo.models import DemoClock
from portal.demo.seed import seeding
from portal.identity.models import User
from portal.journal.models import Entry
from portal.management.commands import demo_clock
from portal.outbox.models import OutgoingMail
from portal.outbox.sending.delivery import deliver_due
from portal.secrets.sealing import seal, unseal
from portal.time import database_clock, moved
from sessions.ids import issuing
from sessions.models import IdSessione, Reminder, Webhook, WebhookCall
from sessions.reminders.sending import send_due
from sessions.webhooks import calls
from sessions.webhooks.signing import new_secret
from tests.conftest import sign_in
from tests.outbox.sink import Sink

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def movable(settings, monkeypatch: pytest.MonkeyPatch):
    settings.DATABASE_CLOCK, settings.CLOCK_MOVED = moved.MEASURED, "portal.demo.clock.moving.moved_by"
    monkeypatch.setattr(moving, "sleep", lambda seconds: None)
    moved.forget()
    yield
    moved.forget()


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(moving, "wake", found.append)
    return found


@pytest.fixture
def later(django_capture_on_commit_callbacks):
    """Moves the clock and lets the callbacks of the commit run, which a test's transaction keeps back."""

    def go(step: timedelta) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            moving.forward_by(step)

    return go


def near(at: datetime, expected: datetime) -> bool:
    return abs(at - expected) < timedelta(seconds=20)


def test_the_portals_time_goes_forward_and_the_real_time_does_not(db, later, woken):
    assert near(database_clock.now(), timezone.now())
    later(16 * HOUR)
    assert near(database_clock.now(), timezone.now() + 16 * HOUR)
    assert near(database_clock.real_now(), timezone.now())
    assert near(database_clock.real_of(database_clock.now()), timezone.now())
    later(HOUR)
    assert DemoClock.objects.get().moved_by == 17 * HOUR
    assert "sessions.tasks.send_due_reminders" in woken
    assert Entry.objects.filter(verb="clock.moved").earliest("pk").sentence.startswith("ha portato avanti di 16 h")


@pytest.mark.parametrize(
    ("step", "refusal"),
    [(-HOUR, moving.NotForward), (timedelta(), moving.NotForward), (timedelta(days=40), moving.TooFar)],
)
def test_time_only_goes_on_and_a_month_at_most(db, step, refusal):
    with pytest.raises(refusal):
        moving.forward_by(step)
    assert not Entry.objects.filter(verb="clock.moved").exists()


def test_production_cannot_move_its_clock_and_reads_no_move(db, later, settings, django_assert_num_queries):
    later(HOUR)
    settings.CLOCK_MOVED = ""
    with django_assert_num_queries(0):
        assert moved.moved() == timedelta()
    with pytest.raises(moving.ClockIsReal):
        moving.forward_by(HOUR)
    with pytest.raises(CommandError, match="solo nella dimostrazione"):
        call_command("demo_clock", "+1h")


def test_an_instant_from_before_a_move_keeps_its_real_time(db, later):
    before = database_clock.now()
    later(16 * HOUR)
    assert near(database_clock.real_of(before), timezone.now())
    assert near(database_clock.real_of(database_clock.now()), timezone.now())


def test_the_move_is_read_once_a_second(db, later, django_assert_num_queries):
    later(HOUR)
    moved.moved()
    with django_assert_num_queries(0):
        assert [moved.moved() for _ in range(3)] == [HOUR] * 3


def a_letter(utenza, context) -> OutgoingMail:
    return issuing.issue(utenza, context, database_clock.now()).id_sessione.letter


def test_a_letter_that_a_worker_holds_is_sent_once_across_a_move(certified, utenza, context, later, sink: Sink):
    a_letter(utenza, context)
    (held,) = OutgoingMail.objects.claim(database_clock.now(), 5)
    later(timedelta(minutes=30))
    assert OutgoingMail.objects.claim(database_clock.now(), 5) == []
    assert not held.may_be_retried(database_clock.now())
    assert deliver_due() == 0
    assert sink.letters == []
    assert list(OutgoingMail.objects.sources([held])) == [held.pk]


def test_a_worker_that_has_not_heard_of_the_move_yet_holds_its_letter_too(certified, utenza, context, later):
    a_letter(utenza, context)
    before = database_clock.now()
    later(timedelta(minutes=30))
    assert len(OutgoingMail.objects.claim(before, 5)) == 1
    assert OutgoingMail.objects.claim(database_clock.now(), 5) == []


def test_a_call_that_a_worker_holds_is_made_once_across_a_move(anna, san_marco, later):
    now = database_clock.now()
    webhook = Webhook.objects.create(
        pharmacy=san_marco, url="https://gestionale.example.it/", sealed_secret=b"", opened_at=now, opened_by=anna
    )
    WebhookCall.objects.create(
        webhook=webhook, event="portale.test", body="{}", created_at=now, give_up_at=now + 9 * HOUR, next_attempt_at=now
    )
    assert len(calls._claim(database_clock.now(), set(), 5)) == 1
    later(HOUR)
    assert calls._claim(database_clock.now(), set(), 5) == []


def test_the_reminder_leaves_when_its_time_comes_and_its_date_is_the_real_one(certified, utenza, context, later):
    a_letter(utenza, context)
    reminder = Reminder.objects.by_mail().get()
    assert send_due(database_clock.now()) == 0
    later(reminder.due_at - database_clock.now())
    assert send_due(database_clock.now()) == 1
    letter = OutgoingMail.objects.get(kind="reminder")
    assert near(letter.created_at, reminder.due_at)
    source = message_from_bytes(unseal(bytes(letter.sealed_source)))
    assert near(parsedate_to_datetime(source["Date"]), timezone.now())


def test_an_id_ends_and_the_person_stays_signed_in(certified, utenza, context, later, anna: User):
    client = sign_in(Client(), anna)
    row = issuing.issue(utenza, context, database_clock.now()).id_sessione
    later(row.expires_at - database_clock.now())
    assert not IdSessione.objects.live(database_clock.now()).exists()
    page = client.get("/servizi/4512/")
    assert page.status_code == 200
    assert "Orologio avanti di 16 h" in page.content.decode() or "Orologio avanti di 15 h" in page.content.decode()


def test_the_page_says_what_will_happen_and_the_button_does_it_once(client, certified, utenza, context):
    issued = issuing.issue(utenza, context, database_clock.now()).id_sessione
    reminder = Reminder.objects.by_mail().get()
    assert "Vai al prossimo promemoria" in client.get("/prova/orologio/").content.decode()
    page = client.get("/prova/orologio/?avanti=scadenza").content.decode()
    assert f"…{issued.last4}, Farmacia San Marco" in page
    assert "parte l’avviso che è scaduto" in page
    assert client.get("/prova/orologio/?avanti=ieri").status_code == 200
    for _ in range(2):
        done = client.post("/prova/orologio/avanti/", {"fino": reminder.due_at.isoformat()}, follow=True)
        moved.forget()
    assert "è già passato" in done.content.decode()
    assert near(database_clock.now(), reminder.due_at)
    assert client.get("/prova/orologio/avanti/").status_code == 405
    for nonsense in ("", "domani", "2026-13-01", "2026-12-01T10:00", "9999-12-31T23:59:59+00:00"):
        assert client.post("/prova/orologio/avanti/", {"fino": nonsense}).status_code == 302
    assert DemoClock.objects.get().moved_by < 17 * HOUR
    assert Client(enforce_csrf_checks=True).post("/prova/orologio/avanti/", {"fino": "x"}).status_code == 403


def test_the_command_moves_by_a_length_or_to_an_event(certified, utenza, context):
    row = issuing.issue(utenza, context, database_clock.now()).id_sessione
    said = StringIO()
    for arguments in (["+30m"], ["+1h"], ["--to-next-reminder"], ["--to-expiry"]):
        call_command("demo_clock", *arguments, stdout=said)
        moved.forget()
    assert near(database_clock.now(), row.expires_at)
    assert "Per il portale sono le" in said.getvalue()
    assert (demo_clock.REMINDER, demo_clock.EXPIRY) == (REMINDER, EXPIRY)
    for wrong in ("1h", "-1h", "+1w", "+99999h"):
        with pytest.raises(CommandError):
            call_command("demo_clock", wrong)
    with pytest.raises(CommandError, match="nessun promemoria"):
        call_command("demo_clock", "--to-expiry")


def test_start_again_gives_ids_of_an_ordinary_day(db, client, later):
    seeding.seed(database_clock.now())
    later(timedelta(days=2))
    assert not IdSessione.objects.live(database_clock.now()).exists()
    assert client.post("/prova/orologio/ricomincia/").status_code == 302
    assert IdSessione.objects.live(database_clock.now()).count() > 20


def test_signatures_of_calls_carry_the_real_time(anna, san_marco, later, monkeypatch: pytest.MonkeyPatch):
    now, sent = database_clock.now(), []
    sealed = seal(new_secret().encode())
    webhook = Webhook.objects.create(
        pharmacy=san_marco, url="https://gestionale.example.it/", sealed_secret=sealed, opened_at=now, opened_by=anna
    )
    WebhookCall.objects.create(
        webhook=webhook,
        event="portale.test",
        body="{}",
        created_at=now,
        give_up_at=now + 30 * HOUR,
        next_attempt_at=now,
    )
    later(16 * HOUR)
    monkeypatch.setattr(calls, "post_all", lambda parcels: [sent.append(one) or calls.UNREADABLE for one in parcels])
    calls.call_due(database_clock.now())
    stamp = float(sent[0].headers["webhook-timestamp"])
    assert abs(stamp - timezone.now().timestamp()) < 30
