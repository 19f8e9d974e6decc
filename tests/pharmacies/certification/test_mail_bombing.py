"""The portal cannot fill a third party's mailbox with codes, whatever the spelling and the number of pharmacies."""

from functools import partial

import pytest
from django.utils import timezone

from pharmacies.addresses.examination import examine, mailbox_of
from pharmacies.models import MailCertification
from pharmacies.models.certification_refused import TooManySends
from pharmacies.models.codice_validazione import SENDS_A_DAY_PER_ADDRESS
from tests.conftest import make_pharmacy
from tests.parallel import in_parallel


def test_spellings_of_one_mailbox_share_the_letters_of_a_day(db):
    assert {mailbox_of(address) for address in ("vittima@tin.it", "Vittima+1@tin.it", "vittima+due@TIN.it")} == {
        "vittima@tin.it"
    }
    assert mailbox_of("a.nna.rossi+x@googlemail.com") == mailbox_of("annarossi@gmail.com")
    assert mailbox_of("a.nna@tin.it") != mailbox_of("anna@tin.it")
    assert mailbox_of("+solo@tin.it") == "+solo@tin.it"


def test_a_stranger_s_mailbox_is_not_filled_through_its_spellings(sends):
    assert sends("vittima{n}@tin.it") > SENDS_A_DAY_PER_ADDRESS
    assert sends("altra+{n}@tin.it") == SENDS_A_DAY_PER_ADDRESS


@pytest.fixture
def sends(anna):
    """How many codes leave in one hour when twenty pharmacies each request one for an address of this pattern."""

    def send(pattern: str) -> int:
        now, sent = timezone.now(), 0
        for n in range(20):
            pharmacy = make_pharmacy(f"{pattern[:2]}{n}", "Una")
            examined = examine(pattern.format(n=n), check_mx=False)
            try:
                MailCertification.objects.begin_and_send(pharmacy, examined, anna, now)
                sent += 1
            except TooManySends:
                continue
        return sent

    return send


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_codes_of_a_day_are_not_more_when_pharmacies_ask_at_the_same_instant(anna):
    now = timezone.now()

    def ask(n: int) -> bool:
        examined = examine(f"vittima+{n}@tin.it", check_mx=False)
        try:
            MailCertification.objects.begin_and_send(pharmacies[n], examined, anna, now)
        except TooManySends:
            return False
        return True

    pharmacies = [make_pharmacy(f"M{n}", "Una") for n in range(SENDS_A_DAY_PER_ADDRESS + 5)]
    alone, at_once = range(SENDS_A_DAY_PER_ADDRESS - 1), range(SENDS_A_DAY_PER_ADDRESS - 1, len(pharmacies))
    assert all(ask(n) for n in alone)
    assert sum(bool(sent) for sent in in_parallel([partial(ask, n) for n in at_once])) == 1
