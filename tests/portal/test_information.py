"""The home page and the pages of information, over plain HTTP."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from portal.information import INFORMATION
from portal.outbox.models import OutgoingMail

NOON = datetime(2026, 11, 23, 11, 0, 5, tzinfo=UTC)


@pytest.mark.django_db
@pytest.mark.parametrize("slug", INFORMATION)
def test_every_page_of_information_opens_with_its_title_and_the_day_of_its_words(client, slug):
    answer = client.get(f"/informazioni/{slug}/")
    text = answer.content.decode()
    title = INFORMATION[slug].title
    assert answer.status_code == 200
    assert re.findall(r"<h1[^>]*>(.*?)</h1>", text) == [title]
    assert f"<title>{title} · Portale Farmacie</title>" in text
    assert "Ultimo aggiornamento" in text


@pytest.mark.django_db
@pytest.mark.parametrize("slug", INFORMATION)
def test_no_page_of_information_leads_to_an_information_page_that_is_not_there(client, slug):
    text = client.get(f"/informazioni/{slug}/").content.decode()
    linked = set(re.findall(r'href="/informazioni/([^/"]+)/', text))
    assert linked <= set(INFORMATION)


@pytest.mark.django_db
@pytest.mark.parametrize("slug", INFORMATION)
def test_no_page_of_information_needs_what_the_content_security_policy_forbids(client, slug):
    text = client.get(f"/informazioni/{slug}/").content.decode()
    assert not re.search(r"""\sstyle=|\son[a-z]+=["']|<style|<script(?![^>]+\bsrc=)""", text)


@pytest.mark.django_db
def test_an_unknown_page_of_information_is_not_found(client):
    assert client.get("/informazioni/nulla/").status_code == 404


@pytest.mark.django_db
def test_every_page_of_information_is_on_the_map_of_the_site(client):
    text = client.get("/informazioni/mappa/").content.decode()
    assert all(f'href="/informazioni/{slug}/"' in text for slug in INFORMATION)


@pytest.mark.django_db
def test_the_footer_leads_to_privacy_and_accessibility_where_validators_look_for_them(client):
    text = client.get("/informazioni/assistenza/").content.decode()
    assert '<a href="/informazioni/privacy/" data-element="privacy-policy-link">Privacy</a>' in text
    assert (
        '<a href="/informazioni/accessibilita/" data-element="accessibility-link">Dichiarazione di accessibilità</a>'
        in text
    )


@pytest.mark.django_db
def test_the_trial_band_is_on_every_page_of_the_demonstration(client):
    assert "il servizio non è collegato al Sistema TS" in client.get("/informazioni/cookie/").content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("slug", INFORMATION)
def test_no_page_speaks_of_a_trial_in_production(client, settings, slug):
    settings.DEMO = False
    text = client.get(f"/informazioni/{slug}/").content.decode()
    assert "mbiente di prova" not in text
    assert "/prova/" not in text


@pytest.mark.django_db
def test_the_state_of_the_service_says_the_time_of_the_portal_in_italy(client):
    with time_machine.travel(NOON, tick=False):
        text = client.get("/informazioni/stato-servizio/").content.decode()
    assert "12:00:05" in text
    assert "23 novembre 2026" in text


@pytest.mark.django_db
@pytest.mark.parametrize(("minutes", "word"), [(4, "Regolare"), (6, "In ritardo")])
def test_the_state_of_the_service_says_when_letters_wait_too_long(client, minutes, word):
    now = timezone.now()
    OutgoingMail.objects.create(
        kind=OutgoingMail.Kind.NOTICE, recipient="a@example.org", subject="prova", message_id="<1@example.org>",
        created_at=now - timedelta(minutes=minutes), next_attempt_at=now, give_up_at=now + timedelta(hours=1),
    )  # fmt: skip
    assert word in client.get("/informazioni/stato-servizio/").content.decode()


def test_a_person_who_is_in_sees_the_name_and_the_way_out(dario_client):
    text = dario_client.get("/informazioni/assistenza/").content.decode()
    assert "Dario Verdi" in text
    assert "Esci" in text
    assert "Servizi on line" in text
    assert "Stato sessioni" not in text


def test_staff_see_the_status_page_and_not_the_services_of_the_pharmacies(carla_client):
    text = carla_client.get("/informazioni/assistenza/").content.decode()
    assert re.search(r"Operatore · </span><a href=\"[^\"]+\">Carla Neri</a>", text)
    assert "Stato sessioni" in text
    assert "Servizi on line" not in text


@pytest.mark.django_db
def test_nobody_in_particular_goes_from_the_home_page_to_the_door(client):
    assert client.get("/").url.startswith("/accesso/")


def test_staff_go_from_the_home_page_to_the_status_page(carla_client):
    assert carla_client.get("/").url == "/operatori/stato-sessioni/"


def test_a_person_goes_from_the_home_page_to_the_pharmacies(dario_client):
    assert dario_client.get("/").url == "/servizi/"
