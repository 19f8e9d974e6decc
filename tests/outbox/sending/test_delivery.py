"""Delivery from a due row to the server's answer, for every behaviour of the server."""

from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone

from portal.outbox.letter_outcome import NO_ANSWER, TOO_LATE, UNREADABLE
from portal.outbox.models import OutgoingMail
from portal.outbox.sending.delivery import deliver_due
from tests.outbox.sink import HANG, HANG_UP, free_port

ANNA_BOX = "idsessione@farmaciasanmarco.it"


def later(**length):
    return timezone.now() + timedelta(**length)


def test_an_accepted_letter_says_when_and_keeps_nothing_of_its_text(write, sink):
    row = write()
    assert deliver_due(timezone.now()) == 1
    row.refresh_from_db()
    assert row.accepted_at is not None
    assert row.sealed_source is None
    assert row.last_answer == "250 2.0.0 OK"
    assert row.leased_until is None
    assert sink.recipients == [ANNA_BOX]


def test_the_command_does_the_same_without_a_broker(write, sink):
    write()
    out = StringIO()
    call_command("deliver_due_mail", stdout=out)
    assert out.getvalue() == "1 letters accepted by the server\n"
    assert len(sink.letters) == 1


def test_an_accepted_letter_never_leaves_again(write, sink):
    write()
    deliver_due(timezone.now())
    assert deliver_due(later(minutes=5)) == 0
    assert len(sink.letters) == 1


def test_many_letters_share_one_connection(write, sink):
    for _ in range(5):
        write()
    assert deliver_due(timezone.now()) == 5
    assert sink.connections == 1


def test_no_more_than_the_limit_is_tried(write, sink):
    for _ in range(5):
        write()
    assert deliver_due(timezone.now(), limit=3) == 3
    assert OutgoingMail.objects.waiting().count() == 2


def test_later_means_later_and_the_pauses_grow(write, sink):
    sink.at_rcpt[ANNA_BOX] = ["451 4.7.1 greylisted"] * 3
    row = write()
    now, pauses = timezone.now(), []
    for attempt in (1, 2, 3):
        assert deliver_due(now) == 0
        row.refresh_from_db()
        assert row.attempts == attempt
        assert row.is_waiting
        assert row.sealed_source is not None
        pauses.append(row.next_attempt_at - now)
        assert deliver_due(now + pauses[-1] / 2) == 0  # no attempt before its time
        now = row.next_attempt_at
    assert pauses[0] < pauses[1] < pauses[2]
    assert deliver_due(now) == 1
    assert len(sink.letters) == 1


@pytest.mark.parametrize(
    "answer", ["550 5.1.1 no such user", "550 5.7.1 mailbox accepts only certified mail (PEC)", "554 no"]
)
def test_never_means_never(write, sink, answer):
    sink.at_rcpt[ANNA_BOX] = [answer]
    row = write()
    deliver_due(timezone.now())
    row.refresh_from_db()
    assert row.failed_at is not None
    assert row.last_answer == answer
    assert deliver_due(later(minutes=10)) == 0
    assert not sink.letters


def test_the_text_of_a_refused_letter_goes_when_the_letter_becomes_useless(write, sink):
    sink.at_rcpt[ANNA_BOX] = ["550 5.1.1 no such user"]
    row = write()
    deliver_due(timezone.now())
    row.refresh_from_db()
    assert row.sealed_source is not None  # staff may still have it sent again
    deliver_due(row.give_up_at)
    row.refresh_from_db()
    assert row.sealed_source is None
    assert row.outcome == "Rifiutato: casella inesistente"


def test_a_refusal_after_the_text_is_for_ever_too(write, sink):
    sink.at_data = ["550 5.1.1 no such user here"]
    row = write()
    deliver_due(timezone.now())
    row.refresh_from_db()
    assert row.outcome == "Rifiutato: casella inesistente"


def test_the_address_is_masked_in_the_answer_that_is_kept(write, sink):
    sink.at_rcpt[ANNA_BOX] = [f"550 5.1.1 <{ANNA_BOX}>: unknown, ask postmaster@isp.example"]
    row = write()
    deliver_due(timezone.now())
    row.refresh_from_db()
    assert row.last_answer == "550 5.1.1 <id•••@farmaciasanmarco.it>: unknown, ask po•••@isp.example"


def test_a_very_long_answer_is_cut(write, sink):
    sink.at_rcpt[ANNA_BOX] = ["550 5.1.1 " + "no " * 160]
    row = write()
    deliver_due(timezone.now())
    row.refresh_from_db()
    assert len(row.last_answer) == 300


def test_one_refused_letter_does_not_stop_the_next_and_keeps_the_connection(write, sink):
    sink.at_rcpt["piena@farmacia.it"] = ["552 5.2.2 full"]
    write("piena@farmacia.it")
    write()
    assert deliver_due(timezone.now()) == 1
    assert sink.recipients == [ANNA_BOX]
    assert sink.connections == 1


def test_a_connection_lost_in_the_middle_is_opened_again_for_the_next_letter(write, sink):
    sink.at_data = [HANG_UP]
    first, second = write(), write("seconda@farmacia.it")
    assert deliver_due(timezone.now()) == 1
    first.refresh_from_db(), second.refresh_from_db()
    assert first.is_waiting
    assert first.last_answer.startswith(NO_ANSWER)
    assert second.accepted_at
    assert deliver_due(later(minutes=1)) == 1
    assert sink.count_by_message_id == {first.message_id: 1, second.message_id: 1}


def test_a_server_that_hangs_costs_the_time_limit_and_no_letter(write, sink, settings):
    settings.EMAIL_TIMEOUT = 0.3
    sink.at_data = [HANG]
    row = write()
    assert deliver_due(timezone.now()) == 0
    row.refresh_from_db()
    assert row.last_answer == f"{NO_ANSWER}: nessuna risposta in tempo"
    assert deliver_due(later(minutes=1)) == 1


def test_a_server_in_trouble_is_left_alone_after_three_letters(write, sink):
    sink.at_data = [HANG_UP] * 10
    for _ in range(6):
        write()
    assert deliver_due(timezone.now()) == 0
    assert sink.reached_data == 3


def test_a_server_that_is_not_there_leaves_every_letter_waiting(write, sink, settings):
    settings.EMAIL_PORT = free_port()
    first, second = write(), write()
    assert deliver_due(timezone.now()) == 0
    first.refresh_from_db(), second.refresh_from_db()
    assert first.is_waiting
    assert second.is_waiting
    assert first.last_answer == f"{NO_ANSWER}: connessione non riuscita"
    assert first.next_attempt_at < later(seconds=30)
    settings.EMAIL_PORT = sink.port
    assert deliver_due(later(minutes=1)) == 2


def test_a_letter_that_would_come_too_late_is_not_sent(write, sink):
    row = write(useful_for=timedelta(minutes=15))
    at = row.give_up_at
    assert deliver_due(at) == 0
    row.refresh_from_db()
    assert row.failed_at == at
    assert row.outcome == TOO_LATE
    assert row.sealed_source is None
    assert not sink.letters


def test_a_round_that_begins_slowly_goes_by_the_same_clock_as_the_others(write, sink, monkeypatch):
    """With a slower clock, a letter's lease would already be over for the other workers, and the letter would leave twice."""
    row = write()
    with time_machine.travel(timezone.now(), tick=False) as clock:
        monkeypatch.setattr(
            "portal.outbox.models.letter.OutgoingMailQuerySet.give_up", lambda *_: clock.shift(300) or 0
        )
        assert deliver_due() == 1
        row.refresh_from_db()
        assert row.accepted_at == timezone.now()


def test_a_letter_given_up_tells_the_last_answer(write, sink):
    sink.at_rcpt[ANNA_BOX] = ["451 4.3.2 busy"]
    row = write()
    deliver_due(timezone.now())
    deliver_due(later(minutes=16))
    row.refresh_from_db()
    assert row.last_answer == "Non inviato in tempo. Ultima risposta: 451 4.3.2 busy"


def test_a_short_life_still_gets_a_second_try(write, sink):
    sink.at_rcpt[ANNA_BOX] = ["451 4.3.2 busy"]
    row = write(useful_for=timedelta(seconds=40))
    deliver_due(timezone.now())
    row.refresh_from_db()
    assert row.next_attempt_at < row.give_up_at


def test_a_letter_that_cannot_be_opened_waits_for_its_key_and_stops_nobody(write, sink, settings):
    broken, good = write(), write("altra@farmacia.it")
    OutgoingMail.objects.filter(pk=broken.pk).update(sealed_source=b"not sealed by us")
    assert deliver_due(timezone.now()) == 1
    broken.refresh_from_db(), good.refresh_from_db()
    assert broken.is_waiting
    assert broken.last_answer == UNREADABLE
    assert good.accepted_at


def test_an_address_that_smtp_cannot_say_fails_and_stops_nobody(write, sink):
    odd, good = write("due@chioc ciole@farmacia.it"), write()
    assert deliver_due(timezone.now()) == 1
    odd.refresh_from_db(), good.refresh_from_db()
    assert odd.failed_at
    assert "farmacia" not in odd.last_answer
    assert good.accepted_at


def test_a_letter_held_by_a_living_worker_is_left_to_it(write, sink, settings):
    row = write()
    assert OutgoingMail.objects.claim(timezone.now(), 1) == [row]
    assert deliver_due(timezone.now()) == 0
    assert not sink.letters
    assert deliver_due(timezone.now() + settings.OUTBOX_LEASE) == 1  # the worker died: another takes it


def test_only_one_of_two_workers_gets_a_letter(write):
    row = write()
    now = timezone.now()
    assert OutgoingMail.objects.claim(now, 50) == [row]
    assert OutgoingMail.objects.claim(now, 50) == []


def test_a_worker_that_lost_its_lease_cannot_undo_what_the_other_wrote(write, settings):
    write()
    now = timezone.now()
    (slow,) = OutgoingMail.objects.claim(now, 1)
    (quick,) = OutgoingMail.objects.claim(now + settings.OUTBOX_LEASE, 1)
    slow.postpone(now + timedelta(minutes=5), "451 slow")
    slow.fail(now, "550 slow")
    quick.accept(now, "250 OK")
    slow.fail(now, "550 slow")
    slow.refresh_from_db()
    assert (slow.accepted_at, slow.failed_at, slow.last_answer) == (now, None, "250 OK")


def test_no_log_line_names_the_mailbox_or_the_code(write, sink, caplog):
    sink.at_rcpt[ANNA_BOX] = [f"550 5.1.1 {ANNA_BOX} 914203"]
    sink.at_data = [HANG_UP]
    write(), write("altra@farmacia.it")
    deliver_due(timezone.now())
    assert caplog.text
    assert ANNA_BOX not in caplog.text
    assert "914203" not in caplog.text


@pytest.mark.parametrize("options", [{"loop": -1}, {"loop": 0}, {"loop": float("nan")}, {"limit": 0}])
def test_a_round_that_makes_no_sense_is_told_in_a_sentence(options):
    with pytest.raises(CommandError, match="is a number of"):
        call_command("deliver_due_mail", **options)
