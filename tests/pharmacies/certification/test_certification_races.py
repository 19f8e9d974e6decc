"""Two tabs, double clicks, two devices: the same request at the same instant takes effect once."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from pharmacies.models import CodiceValidazione, MailCertification
from portal.journal.models import Entry
from tests.conftest import sign_in
from tests.parallel import in_parallel
from tests.pharmacies.letters import a_wrong_code, last_code, letters
from tests.pharmacies.pages import BOX, ask, page, type_code

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
AT_ONCE = 6


def at_once(user, act) -> list[object]:
    """Runs the act in several browsers of the same person, at the same instant."""
    browsers = [sign_in(Client(), user) for _ in range(AT_ONCE)]
    return in_parallel([lambda browser=browser: act(browser).url for browser in browsers])


def test_the_address_form_sent_at_once_sends_one_letter(bruno, al_redentore):
    assert set(at_once(bruno, ask)) == {page("wizard:code")}
    assert len(letters("code")) == 1
    assert MailCertification.objects.count() == 1


def test_a_new_code_asked_at_once_is_one_letter(bruno, al_redentore):
    ask(sign_in(Client(), bruno))
    CodiceValidazione.objects.update(sent_at=timezone.now() - timedelta(minutes=2))
    at_once(bruno, lambda browser: browser.post(page("wizard:new_code")))
    assert len(letters("code")) == 2


def test_the_code_confirmed_at_once_certifies_once_and_every_tab_sees_success(bruno, al_redentore):
    ask(sign_in(Client(), bruno))
    code = last_code()
    assert set(at_once(bruno, lambda browser: type_code(browser, code))) == {page("wizard:done")}
    assert MailCertification.objects.current().count() == 1
    assert len(letters("certified")) == 1
    assert Entry.objects.filter(verb="certification.certified").count() == 1


def test_different_wrong_codes_at_once_are_all_counted(bruno, al_redentore):
    browser = sign_in(Client(), bruno)
    ask(browser)
    wrong: list[str] = []
    for _ in range(4):
        wrong.append(a_wrong_code(*wrong))
    browsers = [sign_in(Client(), bruno) for _ in wrong]
    in_parallel([lambda b=b, code=code: type_code(b, code).status_code for b, code in zip(browsers, wrong)])
    assert MailCertification.objects.get().failed_attempts == 4


def test_the_revocation_sent_at_once_tells_the_address_once(bruno, al_redentore):
    browser = sign_in(Client(), bruno)
    ask(browser)
    type_code(browser, last_code())
    at_once(bruno, lambda b: b.post(page("pharmacies:mail_revoke")))
    assert len(letters("revoked", BOX)) == 1
