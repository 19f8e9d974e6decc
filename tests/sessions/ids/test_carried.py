"""One letter carries several ids: each alone on its line, and a letter written anew without an id that has ended."""

from datetime import timedelta

import pytest

from portal.outbox.models import OutgoingMail
from portal.outbox.sending.delivery import deliver_due
from portal.secrets.sealing import unseal
from sessions.ids import forgetting, issuing, resending, revoking, today, using
from sessions.models import Context, IdSessione
from sessions.utenze import life
from tests.outbox.sink import Sink
from tests.pharmacies.letters import text_of
from tests.sessions.conftest import MORNING, make_utenza
from tests.sessions.ids.test_withdrawn_letters import change_address

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LATER = MORNING + MINUTE


@pytest.fixture
def both(certified, utenza, context, anna, san_marco) -> list[issuing.Issued]:
    """An SSN id and one of the white prescription, asked for together at MORNING."""
    made = today.request_today(san_marco, MORNING, anna).made
    assert [one.id_sessione.context.kind for one in made] == ["Ricetta SSN", "Ricetta bianca"]
    return made


def the_letter() -> OutgoingMail:
    return OutgoingMail.objects.get(kind="issued")


def test_both_ids_are_in_one_letter_a_label_line_then_the_code_alone(both):
    lines = text_of(the_letter()).splitlines()
    for issued, kind in zip(both, ("Ricetta SSN", "Ricetta bianca"), strict=True):
        at = lines.index(issued.plain)
        assert lines[at - 1] == f"{kind}, vale fino alle 00:58 di martedì 24 novembre 2026:"
        assert lines[at + 1] == ""
    assert {row.letter for row in IdSessione.objects.all()} == {the_letter()}


def test_the_letter_says_the_kinds_and_the_end_in_its_subject_and_no_id(both):
    letter = the_letter()
    assert letter.subject == (
        "2 ID SESSIONE (ricetta SSN e ricetta bianca), valgono fino alle 00:58 di martedì – Farmacia San Marco"
    )
    assert letter.give_up_at == MORNING + 16 * HOUR


def test_with_two_ends_the_header_says_the_first_and_the_letter_waits_for_the_last(
    certified, utenza, context, anna, san_marco
):
    Context.objects.filter(contesto="RICETTA-BIANCA").update(hours=4)
    today.request_today(san_marco, MORNING, anna)
    letter = the_letter()
    assert letter.give_up_at == MORNING + 16 * HOUR
    assert "il primo vale fino alle 12:58" in letter.subject
    assert b"X-Portale-Scadenza: 2026-11-23T12:58:00+01:00" in source(letter)


def source(letter: OutgoingMail) -> bytes:
    return unseal(letter.sealed_source)


def test_an_utenza_is_named_where_the_letter_speaks_of_several(certified, utenza, context, anna, san_marco):
    make_utenza("UVANNA02", san_marco)
    for row in san_marco.utenze.all():
        issuing.issue(row, context, MORNING - 20 * HOUR)
    made = today.request_today(san_marco, MORNING, anna).made
    assert len(made) == 4
    text = text_of(made[0].id_sessione.letter)
    assert "Ricetta SSN, vale fino alle 00:58 di martedì 24 novembre 2026 (utenza UVANNA02):" in text
    assert text.count("(utenza ") == 4


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("how", ["revoke", "replace"])
def test_when_one_ends_the_letter_is_written_anew_with_the_other(both, anna, which, how):
    gone, rest = both[which], both[1 - which]
    before = the_letter()
    if how == "revoke":
        revoking.revoke(gone.id_sessione, anna, LATER)
    else:
        issuing.issue(gone.id_sessione.utenza, gone.id_sessione.context, LATER)
    letter = rest.id_sessione.letter
    letter.refresh_from_db()
    assert letter.withdrawn_at is None
    assert letter.message_id == before.message_id
    text = text_of(letter)
    assert rest.plain in text
    assert gone.plain not in source(letter).decode()
    assert letter.subject.startswith(f"ID SESSIONE {rest.id_sessione.context.kind_inside}, vale fino alle")


def test_when_both_end_the_letter_is_withdrawn(both, anna):
    for one in both:
        revoking.revoke(one.id_sessione, anna, LATER)
    letter = the_letter()
    assert letter.withdrawn_at == LATER
    assert letter.sealed_source is None


def test_when_their_utenza_ends_the_letter_is_withdrawn(both, anna, utenza):
    life.block(utenza, "furto", anna, LATER)
    assert the_letter().withdrawn_at


def test_a_worker_that_holds_the_letter_loses_it_and_the_new_text_is_due(both, anna):
    [held] = OutgoingMail.objects.claim(LATER, 1)
    revoking.revoke(both[0].id_sessione, anna, LATER)
    assert OutgoingMail.objects.sources([held]) == {}
    assert list(OutgoingMail.objects.due(LATER).filter(kind="issued")) == [held]


def test_a_letter_that_has_left_stays_as_it_is(both, anna):
    letter = the_letter()
    letter.accept(LATER, "250 OK")
    revoking.revoke(both[0].id_sessione, anna, LATER)
    letter.refresh_from_db()
    assert letter.accepted_at == LATER
    assert letter.sealed_source is None


def test_a_refused_letter_stays_refused_and_a_retry_sends_the_rest(both, anna):
    OutgoingMail.objects.update(failed_at=MORNING, last_answer="552 5.2.2 casella piena")
    assert {row.letter.failed_at for row in IdSessione.objects.with_facts()} == {MORNING}, "it concerns both"
    revoking.revoke(both[0].id_sessione, anna, LATER)
    letter = the_letter()
    assert letter.failed_at == MORNING
    assert letter.retry(LATER)
    assert both[1].plain in text_of(letter)
    assert both[0].plain not in text_of(letter)


def test_sending_one_again_writes_a_letter_of_it_alone_and_leaves_the_other_in_the_first(both, anna):
    assert resending.resend(both[0].id_sessione, anna, MORNING + 2 * MINUTE)
    first, second = OutgoingMail.objects.filter(kind="issued").order_by("pk")
    assert both[1].plain in text_of(first)
    assert both[0].plain not in text_of(first)
    assert both[0].plain in text_of(second)
    assert both[1].plain not in text_of(second)


def test_an_id_that_is_used_takes_nothing_from_the_letter(both, utenza):
    using.use(both[0].id_sessione, LATER)
    assert both[0].plain in text_of(the_letter())
    assert both[1].plain in text_of(the_letter())


def test_a_new_address_gets_both_in_one_letter(both, anna, san_marco):
    change_address(san_marco, anna, LATER)
    old, letter = OutgoingMail.objects.filter(kind="issued").order_by("pk")
    assert old.withdrawn_at
    assert letter.recipient == "nuova@farmaciasanmarco.it"
    assert all(one.plain in text_of(letter) for one in both)


@pytest.fixture
def sink(settings):
    with Sink() as sink:
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", sink.port, 5
        settings.EMAIL_HOST_USER = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield sink


@pytest.fixture
def short_white(certified, utenza, context, anna, san_marco) -> list[issuing.Issued]:
    """As `both`; the white one lasts four hours."""
    Context.objects.filter(contesto="RICETTA-BIANCA").update(hours=4)
    return today.request_today(san_marco, MORNING, anna).made


def test_the_sweep_takes_an_expired_id_out_of_a_letter_that_still_waits(short_white):
    forgetting.forget_dead(MORNING + 4 * HOUR)
    text = text_of(the_letter())
    assert short_white[0].plain in text
    assert short_white[1].plain not in text


def test_a_worker_sends_the_rest_when_one_has_just_expired(short_white, sink):
    assert deliver_due(MORNING + 4 * HOUR) == 1
    [body] = (letter.get_body(("plain",)).get_content() for letter in sink.letters)
    assert short_white[0].plain in body
    assert short_white[1].plain not in body
