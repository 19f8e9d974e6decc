"""The life of an ID-SESSIONE: issued, used, revoked, expired."""

from datetime import UTC, datetime, timedelta

import pytest

from portal.outbox.models import OutgoingMail
from portal.secrets.codes import digest
from portal.secrets.sealing import unseal
from sessions.ids import issuing, resending, revoking, using
from sessions.models import IdSessione, State
from tests.sessions.conftest import MORNING

H = timedelta(hours=1)


def states(now: datetime) -> list[str]:
    return [row.state(now).value for row in IdSessione.objects.with_facts().order_by("pk")]


def test_an_id_is_a_lower_case_uuid_that_lives_16_hours_from_the_request(utenza, certified, context) -> None:
    issued = issuing.issue(utenza, context, MORNING)
    assert len(issued.plain) == 36
    assert issued.plain == issued.plain.lower()
    assert issued.plain[14] == "4"
    assert issued.id_sessione.expires_at == MORNING + 16 * H
    assert bytes(issued.id_sessione.digest) == digest(issued.plain)
    assert issued.id_sessione.last4 == issued.plain[-4:]
    assert issued.id_sessione.state(MORNING) is State.VALIDATO


def test_the_letter_carries_the_id_alone_on_a_stable_line_and_never_in_the_subject(utenza, certified, context) -> None:
    issued = issuing.issue(utenza, context, MORNING)
    letter = OutgoingMail.objects.get()
    source = unseal(letter.sealed_source).decode()
    assert f"\n{issued.plain}\n" in source
    assert letter.subject == "ID SESSIONE ricetta SSN, vale fino alle 00:58 di martedì – Farmacia San Marco"
    assert letter.secret
    assert letter.give_up_at == issued.id_sessione.expires_at
    assert "X-Portale-Tipo: issued" in source
    assert "X-Portale-Scadenza: 2026-11-24T00:58:00+01:00" in source


@pytest.mark.parametrize(
    ("day", "ends"),
    [
        (datetime(2027, 3, 27, 19, 0, tzinfo=UTC), "2027-03-28T13:00:00+02:00"),  # the clock jumps ahead at night
        (datetime(2026, 10, 24, 18, 0, tzinfo=UTC), "2026-10-25T11:00:00+01:00"),  # and back
    ],
)
def test_sixteen_hours_are_real_hours_when_the_clock_changes(day, ends, utenza, certified, context) -> None:
    row = issuing.issue(utenza, context, day).id_sessione
    assert row.expires_at - row.requested_at == 16 * H
    assert f"X-Portale-Scadenza: {ends}" in unseal(row.letter.sealed_source).decode()


def test_a_new_id_replaces_the_waiting_one_and_leaves_the_one_in_use_alone(utenza, certified, context) -> None:
    in_use = issuing.issue(utenza, context, MORNING).id_sessione
    using.use(in_use, MORNING + H)
    waiting = issuing.issue(utenza, context, MORNING + 2 * H).id_sessione
    newest = issuing.issue(utenza, context, MORNING + 3 * H).id_sessione
    assert states(MORNING + 3 * H) == ["Attivo", "Revocato", "Validato"]
    waiting.refresh_from_db()
    assert waiting.replaced_by == newest
    assert waiting.sealed is None


def test_the_first_use_of_the_waiting_id_revokes_the_one_in_use(utenza, certified, context) -> None:
    old = issuing.issue(utenza, context, MORNING).id_sessione
    using.use(old, MORNING)
    new = issuing.issue(utenza, context, MORNING + H).id_sessione
    assert using.use(new, MORNING + 2 * H)
    assert states(MORNING + 2 * H) == ["Revocato", "Attivo"]
    assert not using.use(old, MORNING + 2 * H)


def test_under_the_replace_policy_a_new_id_revokes_all_the_earlier_ones(utenza, certified, replacing) -> None:
    old = issuing.issue(utenza, replacing, MORNING).id_sessione
    using.use(old, MORNING)
    issuing.issue(utenza, replacing, MORNING + H)
    assert states(MORNING + H) == ["Revocato", "Validato"]


def test_ids_of_another_context_are_left_alone(utenza, certified, context, replacing) -> None:
    issuing.issue(utenza, context, MORNING)
    issuing.issue(utenza, replacing, MORNING)
    assert states(MORNING) == ["Validato", "Validato"]


def test_an_expired_id_stays_expired_when_a_new_one_takes_its_place(utenza, certified, context) -> None:
    issuing.issue(utenza, context, MORNING)
    issuing.issue(utenza, context, MORNING + 17 * H)
    assert states(MORNING + 17 * H) == ["Scaduto", "Validato"]


def test_an_expired_id_in_use_stays_expired_when_the_new_one_is_used(utenza, certified, context) -> None:
    old = issuing.issue(utenza, context, MORNING).id_sessione
    using.use(old, MORNING)
    new = issuing.issue(utenza, context, MORNING + 15 * H).id_sessione
    assert using.use(new, MORNING + 16 * H)
    assert states(MORNING + 16 * H) == ["Scaduto", "Attivo"]


def test_an_expired_id_cannot_be_used(utenza, certified, context) -> None:
    row = issuing.issue(utenza, context, MORNING).id_sessione
    assert using.use(row, MORNING + 16 * H - timedelta(microseconds=1))
    assert not using.use(row, MORNING + 16 * H)


def test_a_revoked_id_is_dead_at_once_and_its_address_is_told(anna, utenza, certified, context) -> None:
    row = issuing.issue(utenza, context, MORNING).id_sessione
    assert revoking.revoke(row, anna, MORNING + H)
    assert states(MORNING + H) == ["Revocato"]
    notice = OutgoingMail.objects.get(kind="notice")
    assert notice.recipient == certified.address
    assert not revoking.revoke(row, anna, MORNING + 2 * H)


def test_without_a_certified_address_there_is_no_id(utenza, context) -> None:
    with pytest.raises(issuing.NoCertifiedAddress):
        issuing.issue(utenza, context, MORNING)
    assert not OutgoingMail.objects.exists()


def test_an_address_that_refuses_mail_gets_no_id(utenza, certified, context) -> None:
    certified.undeliverable_at = MORNING
    certified.save()
    with pytest.raises(issuing.AddressUnreachable):
        issuing.issue(utenza, context, MORNING)


@pytest.mark.parametrize("fact", ["disabled_at", "blocked_at"])
def test_a_disabled_or_blocked_utenza_gets_no_id_and_its_ids_die(fact, utenza, certified, context) -> None:
    row = issuing.issue(utenza, context, MORNING).id_sessione
    setattr(utenza, fact, MORNING + H)
    utenza.save()
    assert not using.use(row, MORNING + 2 * H)
    assert states(MORNING + 2 * H) == ["Revocato"]
    with pytest.raises(issuing.UtenzaNotUsable):
        issuing.issue(utenza, context, MORNING + 2 * H)


def test_a_closed_pharmacy_gets_no_id_and_its_ids_die(utenza, certified, context, san_marco) -> None:
    issuing.issue(utenza, context, MORNING)
    san_marco.closed_on = MORNING.date()
    san_marco.save()
    assert states(MORNING + H) == ["Revocato"]
    with pytest.raises(issuing.PharmacyClosed):
        issuing.issue(utenza, context, MORNING + H)


def test_an_id_dies_with_the_address_it_hangs_on(anna, utenza, certified, context) -> None:
    issuing.issue(utenza, context, MORNING)
    certified.revoked_at = MORNING + H
    certified.save()
    assert states(MORNING + 2 * H) == ["Revocato"]


def test_the_same_id_is_sent_again_to_the_address_of_today(anna, utenza, certified, context) -> None:
    issued = issuing.issue(utenza, context, MORNING)
    assert resending.resend(issued.id_sessione, anna, MORNING + H)
    again = OutgoingMail.objects.latest("pk")
    assert f"\n{issued.plain}\n" in unseal(again.sealed_source).decode()
    assert IdSessione.objects.get().letter == again
    assert again.give_up_at == issued.id_sessione.expires_at


def test_sends_are_a_minute_apart_and_five_an_hour(anna, utenza, certified, context, san_marco) -> None:
    row = issuing.issue(utenza, context, MORNING).id_sessione
    minute = timedelta(minutes=1)
    assert not resending.resend(row, anna, MORNING + minute / 2)
    assert resending.next_send_at(san_marco, MORNING + minute / 2) == MORNING + minute
    assert all(resending.resend(row, anna, MORNING + minute * n) for n in (1, 2, 3, 4))
    assert not resending.resend(row, anna, MORNING + 10 * minute)
    assert resending.next_send_at(san_marco, MORNING + 10 * minute) == MORNING + H
    assert resending.resend(row, anna, MORNING + H)


def test_a_second_request_within_a_minute_is_the_same_request(anna, utenza, certified, context) -> None:
    first = issuing.request(utenza, context, MORNING, anna)
    second = issuing.request(utenza, context, MORNING + timedelta(seconds=3), anna)
    assert second.issued is None
    assert second.already == first.issued.id_sessione
    assert OutgoingMail.objects.count() == 1


def test_a_pharmacy_asks_ten_ids_an_hour_and_is_told_when_it_may_ask_again(anna, utenza, certified, context) -> None:
    for n in range(10):
        assert issuing.request(utenza, context, MORNING + n * timedelta(minutes=2), anna).issued
    answer = issuing.request(utenza, context, MORNING + timedelta(minutes=30), anna)
    assert answer.not_before == MORNING + H
    assert issuing.request(utenza, context, MORNING + H, anna).issued
