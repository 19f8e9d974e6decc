"""A call while the database is busy: retried with the same clock, or F 9999; never partly done, never done twice."""

import pytest

from portal.identity.models import PasswordFailure
from sessions.models import IdSessione
from tests.contention import failing
from tests.sessions.soap.calls import gestionale

IDS, LETTERS = "pharmacy_sessions_idsessione", 'INSERT INTO "outbox_outgoingmail"'


def test_a_deadlock_is_not_seen_by_the_gestionale(gest) -> None:
    with failing(LETTERS, times=2) as tries:
        assert gest.create().done
    assert len(tries) == 3
    assert IdSessione.objects.count() == 1


def test_then_it_is_told_to_ask_later_and_nothing_is_done(gest) -> None:
    with failing(LETTERS, times=3):
        assert gest.create().error[:2] == ("F", "9999")
    assert not IdSessione.objects.exists()


def test_the_count_of_addresses_is_tried_again_without_a_second_id(gest, utenza) -> None:
    with failing('"requested_from" IS NULL', times=2) as tries:
        assert gest.create().done
    assert len(tries) == 3
    assert IdSessione.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_wrong_password_is_counted_once(gest, utenza) -> None:
    with failing('INSERT INTO "identity_passwordfailure"', times=2):
        assert gestionale(utenza, password="SBAGLIATA").create().status == 401
    assert PasswordFailure.objects.count() == 1
