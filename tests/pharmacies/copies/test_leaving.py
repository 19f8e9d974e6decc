"""The link in a copy ends the copies without login: by one click, harmless when replayed, nothing by looking."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from pharmacies.copies import leaving
from pharmacies.models import MailCertification
from pharmacies.models.pharmacy import PharmacyQuerySet
from portal.journal.models import Entry
from portal.outbox.models import OutgoingMail
from tests.pharmacies.copies.test_copy_mailboxes import BOX, CERTIFIED, now_in_force, row
from tests.pharmacies.copy_mailboxes import copies_to
from tests.pharmacies.letters import letters, text_of
from tests.pharmacies.pages import content
from tests.sessions.conftest import MORNING


def leave_page(row) -> str:
    return reverse("leave_copies", args=[leaving.token_of(row.pk)])


@pytest.mark.parametrize("body", [{}, {"List-Unsubscribe": "One-Click"}])
def test_one_click_without_login_ends_the_copies_and_says_so(anna, certified, san_marco, body):
    mailbox = copies_to(BOX, san_marco, anna, MORNING)
    strict = Client(enforce_csrf_checks=True)
    for _ in range(2):  # looking changes nothing: link checkers do
        assert "Non mandatemi più copie" in content(strict.get(leave_page(mailbox)))
        assert strict.head(leave_page(mailbox)).status_code == 200
    assert BOX not in content(strict.get(leave_page(mailbox)))
    assert now_in_force(san_marco) == {san_marco.pk: BOX}
    for _ in range(2):  # a replay is harmless
        assert "Non ti mandiamo più copie" in content(strict.post(leave_page(mailbox), body))
    assert now_in_force(san_marco) == {}
    (letter,) = letters("notice")
    assert letter.recipient == CERTIFIED
    assert "chi legge quella casella" in text_of(letter)
    line = Entry.objects.get(verb="copy.stopped")
    assert "Il portale" in line.who
    assert "con il collegamento nel messaggio" in line.sentence


def test_the_link_ends_the_copies_of_every_pharmacy_to_that_mailbox(anna, bruno, certified, san_marco, al_redentore):
    mailbox = copies_to("studio@gmail.com", san_marco, anna, MORNING)
    copies_to("Stu.dio@gmail.com", al_redentore, bruno, MORNING)
    copies_to("altri@gmail.com", al_redentore, None, MORNING)
    Client().post(leave_page(mailbox))
    assert row().address == "altri@gmail.com"


def test_an_old_link_does_not_end_what_was_confirmed_again(anna, certified, san_marco):
    old = copies_to(BOX, san_marco, anna, MORNING)
    copies_to(BOX, san_marco, anna, timezone.now())
    assert "sono finite" in content(Client().post(leave_page(old)))
    assert now_in_force(san_marco) == {san_marco.pk: BOX}


@pytest.mark.parametrize(
    "token", ["1", "1-", "1-" + "0" * 32, "-abc", "x-y", "9" * 30 + "-" + "0" * 32, "٣-" + "0" * 32]
)
def test_a_link_that_the_portal_did_not_make_is_no_page(anna, certified, san_marco, token):
    copies_to(BOX, san_marco, anna, MORNING)
    for method in ("get", "post"):
        assert getattr(Client(), method)(reverse("leave_copies", args=[token])).status_code == 404
    assert now_in_force(san_marco) == {san_marco.pk: BOX}


def test_without_a_certified_address_nobody_is_told(anna, san_marco):
    mailbox = copies_to(BOX, san_marco, anna, MORNING)
    assert not MailCertification.objects.exists()
    Client().post(leave_page(mailbox))
    assert not OutgoingMail.objects.exists()


def test_a_pharmacy_that_names_the_mailbox_at_the_same_instant_is_not_locked_out_of_order(
    anna, bruno, certified, san_marco, al_redentore, monkeypatch
):
    mailbox = copies_to(BOX, al_redentore, bruno, MORNING)
    hold_all = PharmacyQuerySet.hold_all

    def named_meanwhile(pharmacies, keys):
        hold_all(pharmacies, keys)
        copies_to(BOX, san_marco, anna, timezone.now())

    monkeypatch.setattr(PharmacyQuerySet, "hold_all", named_meanwhile)
    assert leaving.leave(mailbox, timezone.now()) == 1
    assert row().pharmacy == san_marco
