"""Access to pages: a stranger none; a delegate only pages that change nothing; changes need a fresh identity."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from pharmacies.models import MailCertification, Office
from portal.outbox.models import OutgoingMail
from tests.conftest import DARIO, sign_in
from tests.pharmacies.letters import letters
from tests.pharmacies.pages import ask, content, page

READ = ["pharmacies:overview", "pharmacies:security", "pharmacies:mail", "pharmacies:journal"]
CERTIFY = ["wizard:resume", "wizard:address", "wizard:code", "wizard:new_code", "wizard:done"]
CHANGE = ["pharmacies:mail_change", "pharmacies:mail_change_cancel", "pharmacies:mail_revoke"]
FRESH = ["wizard:address", "wizard:code", "wizard:new_code", "pharmacies:mail_change", "pharmacies:mail_revoke"]


def annas(name: str) -> str:
    return page(name, "4512")


def nothing_happened(certified) -> bool:
    certified.refresh_from_db()
    return certified.is_current and MailCertification.objects.count() == 1 and not letters()


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", READ + CERTIFY + CHANGE)
def test_a_strangers_pharmacy_does_not_exist(dario_client, bruno_client, certified, name, method):
    for client in (dario_client, bruno_client):
        response = getattr(client, method)(annas(name), {"indirizzo": "x@y.it", "codice": "123456"})
        assert response.status_code == 404
    assert nothing_happened(certified)
    assert dario_client.get(page(name, "9999")).status_code == 404


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", READ + CERTIFY + CHANGE)
def test_who_is_not_signed_in_goes_to_the_door_and_comes_back(certified, name, method):
    response = getattr(Client(), method)(annas(name))
    assert response.status_code == 302
    assert response.url.startswith(reverse("identity:choose"))
    assert nothing_happened(certified)


@pytest.mark.parametrize("name", READ + CERTIFY + CHANGE)
def test_staff_do_not_act_for_a_pharmacy(carla_client, certified, name):
    assert carla_client.get(annas(name)).status_code == 403
    assert carla_client.post(annas(name)).status_code == 403
    assert nothing_happened(certified)


@pytest.fixture
def delegate(dario, san_marco) -> Client:
    Office.objects.create(
        pharmacy=san_marco, codice_fiscale=DARIO, role=Office.Role.DELEGATE, since=datetime(2020, 1, 1, tzinfo=UTC)
    )
    return sign_in(Client(), dario)


@pytest.mark.parametrize("name", READ)
def test_a_delegate_reads(delegate, certified, name):
    body = content(delegate.get(annas(name)))
    assert annas("pharmacies:mail_revoke") not in body
    assert annas("pharmacies:mail_change") not in body


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", CERTIFY + CHANGE)
def test_a_delegate_does_not_certify_change_or_revoke_and_is_told_why(delegate, certified, name, method):
    response = getattr(delegate, method)(annas(name), {"indirizzo": "x@y.it", "codice": "123456"})
    assert response.status_code == 403
    assert "Solo il titolare o il direttore può certificare" in content(response)
    assert nothing_happened(certified)


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", FRESH)
def test_after_a_quarter_of_an_hour_the_identity_is_asked_again(anna, certified, name, method):
    stale = sign_in(Client(), anna, at=timezone.now() - timedelta(minutes=10, seconds=5))
    response = getattr(stale, method)(annas(name), {"indirizzo": "nuova@farmaciasanmarco.it"})
    assert response.status_code == 302
    assert response.url.startswith(reverse("identity:choose"))
    assert "di-nuovo=1" in response.url
    assert nothing_happened(certified)


def test_a_director_certifies_as_a_titolare_does(dario, san_marco):
    Office.objects.create(
        pharmacy=san_marco, codice_fiscale=DARIO, role=Office.Role.DIRETTORE, since=datetime(2020, 1, 1, tzinfo=UTC)
    )
    assert ask(sign_in(Client(), dario), "a@farmaciasanmarco.it", code="4512").url == annas("wizard:code")


def test_an_office_that_ended_opens_nothing(delegate, certified):
    Office.objects.filter(codice_fiscale=DARIO).update(until=timezone.now())
    assert delegate.get(annas("pharmacies:overview")).status_code == 404


def test_a_post_without_the_token_of_the_form_does_nothing(anna, certified):
    strict = sign_in(Client(enforce_csrf_checks=True), anna)
    assert strict.post(annas("pharmacies:mail_revoke")).status_code == 403
    assert nothing_happened(certified)


def test_what_was_typed_is_there_after_showing_the_identity_again_and_nothing_was_sent(bruno, al_redentore):
    browser = sign_in(Client(), bruno, at=timezone.now() - timedelta(minutes=20))
    page = reverse("wizard:address", args=[al_redentore.code])
    answer = browser.post(
        page, {"indirizzo": "idsessione@alredentore.example"}, HTTP_REFERER=f"http://testserver{page}"
    )
    assert "di-nuovo=1" in answer.url
    assert not OutgoingMail.objects.exists()
    sign_in_again(browser)
    html = browser.get(page).content.decode()
    assert 'value="idsessione@alredentore.example"' in html
    assert "non è stato inviato" in html
    assert "idsessione@alredentore.example" not in browser.get(page).content.decode()


def test_a_code_typed_before_showing_the_identity_again_is_not_kept(bruno, al_redentore):
    browser = sign_in(Client(), bruno)
    browser.post(reverse("wizard:address", args=[al_redentore.code]), {"indirizzo": "idsessione@alredentore.example"})
    session = browser.session
    session["identity_authenticated_at"] -= 1200
    session.save()
    page = reverse("wizard:code", args=[al_redentore.code])
    browser.post(page, {"codice": "914203"}, HTTP_REFERER=f"http://testserver{page}")
    assert "914203" not in str(dict(browser.session))
    sign_in_again(browser)
    html = browser.get(page).content.decode()
    assert "non è stato inviato" in html
    assert "914203" not in html


def sign_in_again(browser: Client) -> None:
    """A second login in the same browser: the same session with a new login instant."""
    session = browser.session
    session["identity_authenticated_at"] = timezone.now().timestamp()
    session.save()


def test_the_menu_of_a_delegate_leads_only_where_they_may_go(delegate, certified):
    menu = re.search(r'<div class="menu.*?</div>', content(delegate.get(annas("pharmacies:overview"))), re.DOTALL)[0]
    links = re.findall(r'<a href="([^"]+)"', menu)
    assert len(links) == 6
    assert {delegate.get(link).status_code for link in links} == {200}


def test_the_menu_of_the_titolare_has_everything(anna_client, certified):
    menu = content(anna_client.get(annas("pharmacies:overview")))
    assert annas("sessions:reminders") in menu
    assert annas("wizard:resume") in menu
