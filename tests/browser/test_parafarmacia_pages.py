"""Pages about a parafarmacia that closed and may have moved: no fault at three widths, for the staff and for its titolare."""

import os
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from pharmacies.models import NationalRegister, Pharmacy, RegisterImport
from pharmacies.register.closing import Closing, close
from portal.demo.people import PAOLA
from portal.identity.models import User
from portal.outbox.models import OutgoingMail
from tests.browser.harness import carry_session
from tests.conftest import make_pharmacy, sign_in, sign_in_staff
from tests.pharmacies.letters import parts_of

pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def moved(lived_in) -> Pharmacy:
    """Paola's parafarmacia closed today; a newer one has its partita IVA. Closings of both registers wait."""
    now, today = timezone.now(), timezone.localdate()
    old = Pharmacy.objects.get(code="P29411")
    make_pharmacy(
        "P29500", "Sanital", address="Via Brennero 40", partita_iva=old.partita_iva, valid_from=today,
        type=Pharmacy.Type.PARAFARMACIA,
    )  # fmt: skip
    close([Closing(old.pk, today)], now)
    for register in NationalRegister:
        sites = Pharmacy.objects.of_register(register).open_on(today).order_by("code")[:3]
        Pharmacy.objects.filter(pk__in=[site.pk for site in sites]).update(closing_waits=today - timedelta(days=1))
    RegisterImport.objects.filter(register=NationalRegister.PARAFARMACIE).update(flaw="fewer")
    return old


@pytest.fixture
def shot(page) -> Callable[[str], None]:
    def take(name: str) -> None:
        if folder := os.environ.get("SCREENSHOTS"):
            for width in (1280, 390):
                page.set_viewport_size({"width": width, "height": 900})
                page.screenshot(path=f"{folder}/{name}-{width}.png", full_page=True)
            page.set_viewport_size({"width": 1280, "height": 900})

    return take


def test_the_staffs_pages_have_no_fault(moved, context, live_server, page, sweep, shot) -> None:
    carry_session(sign_in_staff(Client(), User.objects.get(username="carla")), context, live_server.url)
    for name, address in {
        "closings": reverse("staff:closings"),
        "closed": reverse("staff:pharmacy", args=[moved.code]),
        "new": reverse("staff:pharmacy", args=["P29500"]),
    }.items():
        sweep(address)
        shot(name)
    page.get_by_role("link", name="Parafarmacia Sanital").first.click()
    assert page.get_by_text("Forse si è trasferita").is_visible()


def test_the_titolare_reads_of_the_new_site_and_asks_for_it(moved, context, live_server, page, sweep, shot) -> None:
    carry_session(sign_in(Client(), User.objects.get(codice_fiscale=PAOLA.codice_fiscale)), context, live_server.url)
    sweep("/servizi/")
    shot("none")
    page.get_by_role("link", name="È la mia").click()
    assert page.get_by_label("Codice della farmacia").input_value() == "P29500"
    sweep()
    letter = OutgoingMail.objects.filter(about=moved.code).latest("pk")
    page.goto("about:blank")  # a letter is no page of the portal: its style stands in its lines
    page.set_content(parts_of(letter)[1])
    shot("letter")
