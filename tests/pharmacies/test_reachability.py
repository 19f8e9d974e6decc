"""A mailbox that refused for good, and the way back."""

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.journal.models import Entry

WHY = "casella inesistente"


@pytest.fixture
def now():
    return timezone.now()


def test_a_mailbox_that_refused_for_good_is_undeliverable_and_the_journal_says_why(certified, now):
    assert certified.mark_undeliverable(WHY, now, now)
    certified.refresh_from_db()
    assert certified.undeliverable_at == now
    assert certified.refuses_mail
    line = Entry.objects.get(verb="certification.undeliverable")
    assert f"{line.who} {line.sentence}" == (
        "Il portale ha segnato l’indirizzo id•••@farmaciasanmarco.it come non raggiungibile: casella inesistente"
    )


def test_what_is_known_is_not_said_twice(certified, now):
    assert certified.mark_undeliverable(WHY, now, now)
    assert not certified.mark_undeliverable(WHY, now, now + timedelta(minutes=1))
    assert Entry.objects.filter(verb="certification.undeliverable").count() == 1


def test_an_address_no_longer_in_force_is_not_marked(certified, anna, now):
    certified.revoke(anna, now)
    assert not certified.mark_undeliverable(WHY, now, now)
    certified.refresh_from_db()
    assert certified.undeliverable_at is None


def test_a_letter_of_before_the_certification_says_nothing_of_the_mailbox(certified, now):
    assert not certified.mark_undeliverable(WHY, certified.certified_at - timedelta(minutes=1), now)


def test_staff_may_say_that_the_mailbox_works_again(certified, carla, now):
    certified.mark_undeliverable(WHY, now, now)
    assert certified.reachable_again(carla, "la casella è stata riaperta", now + timedelta(hours=1))
    certified.refresh_from_db()
    assert not certified.refuses_mail
    line = Entry.objects.get(verb="certification.reachable_again")
    assert line.actor == carla
    assert line.sentence.endswith("di nuovo raggiungibile: la casella è stata riaperta")


def test_a_late_report_about_an_old_letter_does_not_undo_what_staff_said(certified, carla, now):
    certified.mark_undeliverable(WHY, now, now)
    certified.reachable_again(carla, "riaperta", now + timedelta(hours=1))
    assert not certified.mark_undeliverable(WHY, now, now + timedelta(hours=2))
    assert certified.mark_undeliverable(WHY, now + timedelta(hours=1), now + timedelta(hours=2))


def test_what_works_cannot_work_again(certified, carla, now):
    assert not certified.reachable_again(carla, "per prova", now)
    assert not Entry.objects.filter(verb="certification.reachable_again").exists()
