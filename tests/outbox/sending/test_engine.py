"""The order of letters, their leases, and the wake-up of workers."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from portal.outbox.letter_outcome import TOO_LATE
from portal.outbox.models import MailDomain, OutgoingMail, Priority
from portal.outbox.sending.delivery import BATCH, deliver_due
from tests.outbox.sink import HANG_UP
from tests.parallel import in_its_own_connection

Kind = OutgoingMail.Kind
SLOW, OTHERS = "slow@lento.it", [f"id@farmacia{n}.it" for n in range(4)]


@pytest.fixture
def calls(monkeypatch, settings):
    """The tasks that were sent, with a cache shared by all processes (a test is one process)."""
    from django.core.cache import cache

    called = []
    monkeypatch.setattr("celery.app.task.Task.apply_async", lambda task, *args, **options: called.append(task.name))
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "calls"}}
    settings.REDIS_URL = "redis://shared"
    cache.clear()
    return called


def fresh(row):
    return OutgoingMail.objects.get(pk=row.pk)


def test_a_code_passes_before_an_id_and_an_id_before_the_rest(write_kind, sink):
    an_hour_ago = timezone.now() - timedelta(minutes=30)
    for kind in (Kind.NOTICE, Kind.CERTIFIED, Kind.EXPIRED, Kind.REMINDER, Kind.ISSUED, Kind.CODE):
        write_kind(kind, f"{kind.value}@farmacia.it", created=an_hour_ago)
        an_hour_ago += timedelta(minutes=1)
    deliver_due(timezone.now())
    assert [address.partition("@")[0] for address in sink.recipients] == [
        "code", "issued", "expired", "reminder", "notice", "certified",
    ]  # fmt: skip


def test_who_cares_for_the_urgent_leaves_the_rest_alone(write_kind, sink):
    write_kind(Kind.REMINDER)
    write_kind(Kind.ISSUED, "urgent@farmacia.it")
    assert deliver_due(timezone.now(), most=Priority.ID) == 1
    assert sink.recipients == ["urgent@farmacia.it"]


def test_more_than_one_batch_leaves_on_one_connection(write_kind, sink):
    for _ in range(BATCH + 3):
        write_kind(Kind.ISSUED)
    assert deliver_due(timezone.now()) == BATCH + 3
    assert sink.connections == 1


def test_what_a_dead_worker_had_claimed_leaves_when_its_lease_is_over(write_kind, sink, settings):
    rows = [write_kind(Kind.ISSUED) for _ in range(3)]
    now = timezone.now()
    # then the worker was killed, before it sent anything to the server
    assert OutgoingMail.objects.claim(now, BATCH) == rows
    assert deliver_due(now + settings.OUTBOX_LEASE - timedelta(seconds=1)) == 0
    assert deliver_due(now + settings.OUTBOX_LEASE) == 3
    assert set(sink.count_by_message_id.values()) == {1}


def test_a_letter_sent_again_after_a_lost_answer_has_the_same_message_id(write_kind, sink):
    row = write_kind(Kind.ISSUED)
    sink.take_then_hang_up = 1
    assert deliver_due(timezone.now()) == 0
    assert fresh(row).is_waiting
    assert deliver_due(timezone.now() + timedelta(minutes=1)) == 1
    assert sink.count_by_message_id == {row.message_id: 2}


def test_a_letter_withdrawn_while_a_worker_holds_it_has_nothing_left_to_send(write_kind):
    first, second = write_kind(Kind.CODE, OTHERS[0]), write_kind(Kind.CODE, OTHERS[1])
    (held, other) = OutgoingMail.objects.claim(timezone.now(), 2)
    assert (held, other) == (first, second)
    OutgoingMail.objects.filter(pk=other.pk).withdraw(timezone.now())
    assert list(OutgoingMail.objects.sources([held, other])) == [held.pk]


def test_a_letter_that_becomes_useless_in_a_workers_hands_does_not_leave(write_kind, sink, settings):
    settings.EMAIL_TIMEOUT, sink.hang_for = 1, {SLOW}
    write_kind(Kind.CODE, SLOW)
    row = write_kind(
        Kind.ISSUED, useful_for=timedelta(seconds=0.9)
    )  # claimed together with the other, too late when its turn comes
    deliver_due(row.created_at)
    deliver_due(row.give_up_at)
    assert fresh(row).outcome == TOO_LATE
    assert not sink.letters


def test_a_server_that_ends_a_used_connection_is_called_again_and_the_letter_never_knows(write_kind, sink):
    for _ in range(3):
        write_kind(Kind.ISSUED)
    sink.letters_a_connection = 2
    assert deliver_due(timezone.now()) == 3
    assert sink.connections == 2
    assert list(OutgoingMail.objects.values_list("attempts", flat=True)) == [1, 1, 1]


def test_a_server_that_says_421_is_left_alone_and_the_letter_waits_a_little(write_kind, sink):
    rows = [write_kind(Kind.ISSUED) for _ in range(2)]
    sink.at_rcpt["id@farmacia.it"] = ["421 4.3.2 shutting down"] * 10
    assert deliver_due(timezone.now()) == 0
    assert all(fresh(row).is_waiting for row in rows)
    assert not MailDomain.objects.exists()  # no answer about the domain


def test_what_a_worker_cannot_begin_within_its_lease_is_given_back_as_if_never_taken(write_kind, sink, settings):
    settings.OUTBOX_LEASE = timedelta(seconds=0)
    rows = [write_kind(Kind.ISSUED) for _ in range(2)]
    deliver_due(timezone.now(), limit=1)
    assert sorted(fresh(row).attempts for row in rows) == [0, 1]


def test_a_server_that_is_slow_to_let_us_in_again_does_not_carry_a_letter_past_its_lease(write_kind, sink, settings):
    settings.EMAIL_TIMEOUT, settings.OUTBOX_LEASE = 2, timedelta(seconds=9)  # four answers, and a second
    sink.letters_a_connection, sink.greets_in = 1, [0, 1.5]
    first, second = write_kind(Kind.ISSUED), write_kind(Kind.ISSUED)
    assert deliver_due(timezone.now(), limit=2) == 1
    assert fresh(first).accepted_at
    assert (fresh(second).attempts, fresh(second).leased_until) == (0, None)
    assert deliver_due(timezone.now()) == 1
    assert set(sink.count_by_message_id.values()) == {1}


def test_staff_may_have_a_refused_letter_tried_again_while_it_is_useful(write_kind, sink):
    sink.at_rcpt["id@farmacia.it"] = ["554 5.7.1 relay denied"]
    row = write_kind(Kind.ISSUED)
    deliver_due(timezone.now())
    assert fresh(row).retry(timezone.now())
    assert deliver_due(timezone.now()) == 1
    assert not fresh(row).retry(timezone.now())


def test_a_letter_that_is_useless_or_withdrawn_is_not_tried_again(write_kind, sink):
    row = write_kind(Kind.ISSUED)
    assert not row.retry(row.give_up_at)
    assert row.cancel(timezone.now())
    assert not fresh(row).retry(timezone.now())
    assert not fresh(row).cancel(timezone.now())
    assert deliver_due(timezone.now()) == 0


def test_a_letter_in_a_workers_hands_is_not_tried_again_by_staff(write_kind):
    row = write_kind(Kind.ISSUED)
    OutgoingMail.objects.claim(timezone.now(), 1)
    assert not fresh(row).retry(timezone.now())


@pytest.mark.django_db(transaction=True)
def test_one_transaction_makes_one_call_however_many_letters_it_wrote(write_kind, calls):
    with transaction.atomic():
        for _ in range(20):
            write_kind(Kind.REMINDER)
    assert calls == ["portal.outbox.tasks.deliver_due_mail"]


@pytest.mark.django_db(transaction=True)
def test_many_transactions_make_one_call_until_a_worker_answers_it(write_kind, calls):
    from portal.outbox import waking

    for _ in range(3):
        write_kind(Kind.ISSUED)
    assert calls == ["portal.outbox.tasks.deliver_urgent_mail"]
    waking.answered(urgent=True)
    write_kind(Kind.CODE)
    assert len(calls) == 2


@pytest.mark.django_db(transaction=True)
def test_the_call_of_a_savepoint_that_was_undone_does_not_silence_the_next(write_kind, calls):
    with transaction.atomic():
        with transaction.atomic():
            write_kind(Kind.ISSUED)
            transaction.set_rollback(True)
        write_kind(Kind.ISSUED)
    assert len(calls) == 1
    assert OutgoingMail.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="on SQLite a transaction is alone with the database")
def test_a_worker_steps_over_what_another_is_claiming(write_kind):
    from threading import Event, Thread

    first, second = write_kind(Kind.CODE), write_kind(Kind.CODE)
    claimed, leave = Event(), Event()

    def hold() -> None:
        with transaction.atomic():
            assert OutgoingMail.objects.claim(timezone.now(), 1) == [first]
            claimed.set()
            leave.wait(20)

    thread = Thread(target=in_its_own_connection, args=[hold])
    thread.start()
    try:
        assert claimed.wait(20)
        assert OutgoingMail.objects.claim(timezone.now(), 5) == [second]
    finally:
        leave.set()
        thread.join()


def test_claiming_reads_the_index_of_what_waits_and_nothing_of_what_was_sent(write_kind):
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("set local enable_seqscan = off")  # the table of a test fits in one page
    plan = OutgoingMail.objects.due(timezone.now()).order_by("priority", "next_attempt_at", "pk").explain()
    assert "mail_due" in plan


def test_a_connection_that_breaks_says_so_to_the_pharmacist(write_kind, sink):
    sink.at_data = [HANG_UP]
    row = write_kind(Kind.CODE)
    deliver_due(timezone.now())
    assert "il server di posta non risponde: ha chiuso la connessione" in fresh(row).delivery_steps[-1].text
