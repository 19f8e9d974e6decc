"""«Persone della farmacia» with conflicts, doubts, a gap and ends that wait: no fault at three widths; the direttore in three clicks."""

import os
import re
from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from pharmacies.models import Office, OfficeSource, Pharmacy
from pharmacies.people import offices
from portal.identity.models import User
from tests.browser.harness import carry_session
from tests.browser.journey import code_of
from tests.conftest import BRUNO, DARIO, sign_in_staff

pytestmark = pytest.mark.timeout(400)
DAY = timedelta(days=1)


@pytest.fixture
def signed_in(lived_in, context, live_server) -> Pharmacy:
    """The staff's Agnese before Anna's pharmacy, about which the list says otherwise."""
    carry_session(sign_in_staff(Client(), User.objects.get(username="agnese")), context, live_server.url)
    pharmacy, now, by = Pharmacy.objects.get(code=code_of("Anna")), timezone.now(), User.objects.get(username="agnese")
    named = {
        "now": now,
        "source": OfficeSource.DESK,
        "by": by,
        "because": "Nomina comunicata dalla ASL",
        "protocol": "12/2026",
    }
    office = offices.give(pharmacy, BRUNO, "direttore", since=now - 300 * DAY, names=("Bianchi", "Bruno"), **named)
    office.file_says = {"role": "direttore", "since": "2026-01-01", "until": "2026-11-30"}
    office.save()
    offices.give(
        pharmacy, DARIO, "direttore", since=now - 900 * DAY, until=now - 301 * DAY, names=("Verdi", "Dario"), now=now,
        source=OfficeSource.FILE,
    )  # fmt: skip
    doubtful = offices.give(
        pharmacy, DARIO, "delegate", since=now - 90 * DAY, names=("Verde", "Dario"), now=now, source=OfficeSource.FILE
    )
    doubtful.doubts, doubtful.ending_waits, doubtful.absent_since = (
        ["name_differs"],
        date(2026, 12, 31),
        date(2026, 11, 20),
    )
    doubtful.save()
    return pharmacy


def test_the_pages_about_people_have_no_fault(signed_in, sweep, page) -> None:
    code = signed_in.code
    office = Office.objects.filter(pharmacy=signed_in, codice_fiscale=BRUNO).get()
    for name, args in {
        "people": [code], "office_give": [code], "direttore": [code], "office_correct": [code, office.pk],
        "office_end": [code, office.pk], "office_follow": [code, office.pk], "office_keep": [code, office.pk],
        "endings": [], "status": [], "pharmacy": [code],
    }.items():  # fmt: skip
        sweep(reverse(f"staff:{name}", args=args))
        if folder := os.environ.get("SCREENSHOTS"):
            for width in (1280, 390):
                page.set_viewport_size({"width": width, "height": 900})
                page.screenshot(path=f"{folder}/{name}-{width}.png", full_page=True)
            page.set_viewport_size({"width": 1280, "height": 900})


def test_the_direttore_changes_in_three_clicks(signed_in, page) -> None:
    page.goto(reverse("staff:pharmacy", args=[signed_in.code]))
    page.get_by_role("link", name="Il direttore è cambiato").click()
    page.get_by_label("Codice fiscale del nuovo direttore").fill(DARIO)
    page.get_by_label("Cognome").fill("Verdi")
    page.get_by_label("Nome", exact=True).fill("Dario")
    page.get_by_label("Motivo").fill("Comunicazione della ASL")
    page.get_by_role("button", name="Registra il nuovo direttore").click()
    page.wait_for_url(re.compile("/persone/$"))
    assert page.get_by_text("Il direttore è Dario Verdi").is_visible()
    present = Office.objects.in_force(timezone.now()).filter(pharmacy=signed_in, role="direttore")
    assert [office.codice_fiscale for office in present] == [DARIO]
