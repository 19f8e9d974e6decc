"""The date from which ids are mandatory, on the desk: set and confirmed, the pharmacies it would stop, the letter to them."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from pharmacies.models import Utenza
from portal.identity.models import User
from sessions.models import Context, GraceCalls
from sessions.models.grace import italian_day
from tests.browser.harness import carry_session
from tests.conftest import sign_in_staff

pytestmark = pytest.mark.timeout(400)


def test_the_desk_sets_a_date_sees_those_it_stops_and_writes_to_them(lived_in, sweep, page, context, live_server):
    carry_session(sign_in_staff(Client(), User.objects.get(username="carla")), context, live_server.url)
    usual = Context.objects.usual()
    for number, utenza in enumerate(Utenza.objects.filter(pharmacy__isnull=False, disabled_at=None)[:4], start=1):
        day = italian_day(timezone.now()) - timedelta(days=1)
        GraceCalls.objects.create(utenza=utenza, context=usual, day=day, calls=417 * number)
    page.goto(reverse("staff:context_date", args=[usual.pk]))
    page.get_by_label("Obbligatorio dal giorno").fill("2099-12-01")
    page.get_by_label("Alle ore").fill("00:00")
    page.get_by_role("button", name="Continua").click()
    page.get_by_role("heading", name="Confermi la data per").wait_for()
    sweep()
    page.get_by_role("button", name="Conferma la data").click()
    page.wait_for_url("**/contesti/")
    sweep()
    sweep(reverse("staff:context_date", args=[usual.pk]), "/informazioni/stato-servizio/", reverse("staff:without_id"))
    page.goto(reverse("staff:without_id"))
    page.get_by_role("link", name="Scrivi a queste farmacie").click()
    sweep()
    page.get_by_label("per confermare").fill(page.locator("dd strong").inner_text())
    page.get_by_role("button", name="Scrivi alle farmacie").click()
    page.get_by_text("Farmacie avvisate").wait_for()
    sweep()
