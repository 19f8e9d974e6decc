"""Too many addresses in a day: the utenza is blocked, its ids are dead, pharmacy and staff are told."""

from datetime import timedelta

import pytest

from pharmacies.models import Utenza
from portal.journal.models import Entry
from portal.outbox.models import OutgoingMail
from sessions.ids import issuing
from sessions.models import IdSessione, State
from sessions.utenze import anomalies, life
from tests.parallel import in_parallel
from tests.sessions.conftest import MORNING


@pytest.fixture
def eight(settings) -> None:
    settings.A2F_MAX_ADDRESSES_A_DAY = 8


def ask(utenza, context, address, now=MORNING):
    """As the web service does: creates an id with its origin, then checks for anomalies."""
    row = issuing.issue(utenza, context, now).id_sessione
    IdSessione.objects.filter(pk=row.pk).update(requested_from=address)
    return anomalies.noticed(utenza, address, now)


def ask_from(utenza, context, *addresses, now=MORNING):
    return [ask(utenza, context, address, now) for address in addresses]


def v4(count, start=1):
    return [f"192.0.2.{n}" for n in range(start, start + count)]


def test_the_ninth_address_of_the_day_blocks_the_utenza_and_revokes_its_ids(utenza, certified, context, eight) -> None:
    assert ask_from(utenza, context, *v4(9)) == [False] * 8 + [True]
    utenza.refresh_from_db()
    assert utenza.blocked_at == MORNING
    assert utenza.is_blocked_by_anomaly
    assert "9 indirizzi" in utenza.blocked_because
    assert {row.state(MORNING) for row in IdSessione.objects.with_facts()} == {State.REVOCATO}
    assert not IdSessione.objects.exclude(sealed=None).exists()


def test_the_pharmacy_is_told_and_the_journal_says_why(utenza, certified, context, eight) -> None:
    ask_from(utenza, context, *v4(9))
    letter = OutgoingMail.objects.filter(kind="notice").get()
    assert letter.recipient == certified.address
    assert letter.subject.startswith("Utenza del gestionale bloccata per sicurezza")
    line = Entry.objects.get(verb="utenza.anomaly")
    assert line.actor_name == "Portale"
    assert line.about == "4512"
    assert "192.0.2" not in line.sentence


def test_an_id_that_was_still_travelling_does_not_leave_any_more(utenza, certified, context, eight) -> None:
    ask_from(utenza, context, *v4(9))
    assert not OutgoingMail.objects.filter(kind="issued").waiting().exists()


def test_the_same_address_many_times_is_no_anomaly(utenza, certified, context, eight) -> None:
    assert not any(ask_from(utenza, context, *["192.0.2.1"] * 12))


def test_the_devices_of_one_ipv6_line_count_as_one(utenza, certified, context, eight) -> None:
    assert not any(ask_from(utenza, context, *(f"2001:db8:1:2::{n}" for n in range(1, 12))))


def test_a_new_italian_day_starts_the_count_again(utenza, certified, context, eight) -> None:
    evening = MORNING.replace(hour=22, minute=50)  # 23:50 in Italy
    ask_from(utenza, context, *v4(8), now=evening)
    assert not any(ask_from(utenza, context, *v4(8, 100), now=evening + timedelta(minutes=20)))


def test_another_utenza_is_not_touched(utenza, certified, context, san_marco, eight) -> None:
    from tests.sessions.conftest import make_utenza

    other = make_utenza("UVANNA02", san_marco)
    ask(other, context, "192.0.2.1")
    ask_from(utenza, context, *v4(9))
    assert Utenza.objects.get(pk=other.pk).is_usable
    assert IdSessione.objects.live(MORNING).count() == 1


def test_asking_again_does_nothing_twice_and_says_that_it_is_blocked(utenza, certified, context, eight) -> None:
    ask_from(utenza, context, *v4(9))
    assert anomalies.noticed(utenza, "192.0.2.200", MORNING) is True
    assert Entry.objects.filter(verb="utenza.anomaly").count() == 1
    assert OutgoingMail.objects.filter(kind="notice").count() == 1


def test_after_the_staff_unblock_the_addresses_of_before_do_not_count(utenza, certified, context, eight, carla) -> None:
    ask_from(utenza, context, *v4(9))
    later = MORNING + timedelta(hours=1)
    assert life.unblock(utenza, "verificato per telefono", carla, later)
    assert not any(ask_from(utenza, context, *v4(8), now=later + timedelta(minutes=1)))
    assert ask(utenza, context, "192.0.2.99", later + timedelta(minutes=2))


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_eight_that_notice_at_once_block_once(utenza, certified, context, eight) -> None:
    for address in v4(9):
        row = issuing.issue(utenza, context, MORNING).id_sessione
        IdSessione.objects.filter(pk=row.pk).update(requested_from=address)
    found = in_parallel([lambda: anomalies.noticed(utenza, "192.0.2.9", MORNING)] * 8)
    assert found == [True] * 8
    assert Entry.objects.filter(verb="utenza.anomaly").count() == 1
