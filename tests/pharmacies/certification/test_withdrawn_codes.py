"""A code or a notice is neither sent nor retried once its request is over or its address is no longer the pharmacy's."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from pharmacies.addresses.examination import examine
from pharmacies.certification import letters as certification_letters
from pharmacies.models import MailCertification
from pharmacies.models.certification_refused import NothingToConfirm
from portal.outbox.hooks import forbidding
from portal.outbox.models import OutgoingMail
from tests.pharmacies.letters import code_in, last_code, letters

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OLD, NEW, OTHER = "idsessione@farmaciasanmarco.it", "nuova@farmaciasanmarco.it", "altra@farmaciasanmarco.it"


def begin(pharmacy, by, address=NEW, now=NOW) -> MailCertification:
    return MailCertification.objects.begin_and_send(pharmacy, examine(address, check_mx=False), by, now)


def certify(pharmacy, by, address, now) -> MailCertification:
    certification = begin(pharmacy, by, address, now)
    assert certification.confirm(last_code(address), by, "SPID livello 2", now)
    return certification


def refuse(**which) -> None:
    OutgoingMail.objects.filter(**which).update(failed_at=NOW, last_answer="552 5.2.2 mailbox full")


@pytest.mark.parametrize("refused", [False, True])
@pytest.mark.parametrize("end", ["withdraw", "another", "confirm"])
def test_the_code_of_a_request_that_is_over_loses_its_text(al_redentore, bruno, end, refused):
    certification, at = begin(al_redentore, bruno), NOW + 2 * MINUTE
    letter = letters("code")[0]
    code = code_in(letter)
    if refused:
        refuse(pk=letter.pk)
    if end == "withdraw":
        assert certification.withdraw(bruno, at)
    elif end == "another":
        begin(al_redentore, bruno, OTHER, at)
    else:
        assert certification.confirm(code, bruno, "SPID livello 2", at)
    letter.refresh_from_db()
    assert letter.sealed_source is None
    assert not letter.retry(at)
    assert (letter.withdrawn_at is None) == refused


def test_the_rules_forbid_the_code_of_a_request_that_is_over_or_of_another_mailbox(al_redentore, bruno):
    certification = begin(al_redentore, bruno)
    (letter,) = letters("code")
    assert forbidding.forbidden([letter], NOW) == set()
    letter.recipient = OTHER
    assert forbidding.forbidden([letter], NOW) == {letter.pk}
    letter.recipient = NEW.upper()
    assert forbidding.forbidden([letter], NOW) == set()
    MailCertification.objects.filter(pk=certification.pk).update(withdrawn_at=NOW)
    assert forbidding.forbidden([letter], NOW) == {letter.pk}
    assert not letter.retry(NOW)
    letter.refresh_from_db()
    assert letter.sealed_source is None


def test_a_code_is_good_for_its_fifteen_minutes_though_its_request_is_a_day_old(al_redentore, bruno):
    certification = begin(al_redentore, bruno)
    late = NOW + timedelta(hours=23, minutes=50)
    certification.send_code(late)
    certification.refresh_from_db()
    after_the_day = late + 14 * MINUTE
    assert al_redentore.certifications.pending(after_the_day).get() == certification
    assert certification.confirm(last_code(NEW), bruno, "SPID livello 2", after_the_day)


def test_a_request_without_a_good_code_is_over_after_a_day(al_redentore, bruno):
    certification = begin(al_redentore, bruno)
    code, a_day_later = last_code(NEW), NOW + timedelta(hours=24)
    assert not al_redentore.certifications.pending(a_day_later).exists()
    with pytest.raises(NothingToConfirm):
        certification.confirm(code, bruno, "SPID livello 2", a_day_later)


@pytest.mark.parametrize("refused", [False, True])
def test_a_notice_to_an_address_that_was_replaced_does_not_leave(certified, san_marco, anna, refused):
    with transaction.atomic():
        certification_letters.reachable_again(certified, anna, "funziona", NOW)
    notice = letters("notice", OLD)[0]
    if refused:
        refuse(pk=notice.pk)
    certify(san_marco, anna, NEW, NOW + MINUTE)
    notice.refresh_from_db()
    assert notice.sealed_source is None
    assert not notice.retry(NOW + MINUTE)
    assert [letter.recipient for letter in letters("changed") if letter.is_waiting] == [OLD, NEW]


def test_what_is_meant_for_a_former_address_leaves(certified, san_marco, anna):
    new = certify(san_marco, anna, NEW, NOW)
    new.revoke(anna, NOW + MINUTE)
    meant = letters("changed") + letters("revoked")
    assert all(letter.sealed_source for letter in meant)
    assert forbidding.forbidden(meant, NOW + MINUTE) == set()


def test_the_same_mailbox_proved_again_keeps_what_is_written_to_it(certified, san_marco, anna):
    with transaction.atomic():
        certification_letters.reachable_again(certified, anna, "funziona", NOW)
    MailCertification.objects.filter(pk=certified.pk).update(undeliverable_at=NOW)
    certify(san_marco, anna, OLD.capitalize(), NOW + MINUTE)
    notice = letters("notice", OLD)[0]
    assert notice.is_waiting
    assert forbidding.forbidden([notice], NOW + MINUTE) == set()


def test_another_spelling_of_the_former_mailbox_is_withdrawn_too(certified, san_marco, anna):
    with transaction.atomic():
        certification_letters.reachable_again(certified, anna, "funziona", NOW)
    MailCertification.objects.filter(pk=certified.pk).update(undeliverable_at=NOW)
    certify(san_marco, anna, OLD.capitalize(), NOW + MINUTE)
    certify(san_marco, anna, NEW, NOW + 3 * MINUTE)
    assert not letters("notice", OLD)[0].sealed_source


@pytest.mark.parametrize("by_staff", [True, False])
def test_a_revocation_by_staff_ends_the_change_under_way(certified, san_marco, anna, carla, by_staff):
    change = begin(san_marco, anna)
    code = last_code(NEW)
    assert certified.revoke(carla if by_staff else anna, NOW + MINUTE, "casella rubata")
    change.refresh_from_db()
    if not by_staff:
        assert change.confirm(code, anna, "SPID livello 2", NOW + MINUTE)
        return
    assert letters("code")[0].sealed_source is None
    with pytest.raises(NothingToConfirm):
        change.confirm(code, anna, "SPID livello 2", NOW + MINUTE)
