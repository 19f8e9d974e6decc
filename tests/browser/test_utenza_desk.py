"""An operator prepares new secrets and hands an utenza over; the titolare collects the secrets. Each page at every width."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from pharmacies.models import Utenza
from tests.browser.harness import carry_session
from tests.conftest import sign_in, sign_in_staff

pytestmark = pytest.mark.timeout(300)


def test_new_secrets_go_from_the_desk_to_the_titolare_and_an_utenza_to_another_pharmacy(
    utenza, certified, anna, carla, al_redentore, sweep, page, context, live_server
) -> None:
    Utenza.objects.update(supplier="Gestionali Srl")
    carry_session(sign_in_staff(Client(), carla), context, live_server.url)
    code = utenza.pharmacy.code
    for name in ("add_utenza", "supplier", "hand_over_utenza", "renew_utenza"):
        sweep(reverse(f"staff:{name}", args=[code] if name == "add_utenza" else [code, utenza.pk]))
    page.get_by_label("Subito: qualcun altro potrebbe conoscerli").check()
    page.get_by_role("button", name="Prepara le nuove credenziali").click()
    page.wait_for_load_state()
    sweep()
    page.get_by_label("Motivo").fill("password rubata")
    page.get_by_role("button", name="Prepara le nuove credenziali").click()
    page.wait_for_url(re.compile(f"{code}/$"))
    sweep()
    page.goto(reverse("staff:status") + "?stato=tutte&fornitore=Gestionali+Srl")
    sweep()
    page.goto(reverse("staff:bulk") + "?stato=tutte&fornitore=Gestionali+Srl")
    sweep()
    page.get_by_label(re.compile("Blocca le utenze")).check()
    page.get_by_label("Motivo").fill("il fornitore ha perso le password")
    page.get_by_role("button", name="Conta senza cambiare nulla").click()
    page.wait_for_load_state()
    sweep()

    context.clear_cookies()
    carry_session(sign_in(Client(), anna), context, live_server.url)
    sweep(reverse("utenze:all", args=[code]))
    page.get_by_role("link", name=re.compile("Ritira le nuove credenziali")).click()
    page.wait_for_url(re.compile("/credenziali/$"))
    sweep()
    page.get_by_role("button", name="Ritira le nuove credenziali").click()
    page.wait_for_url(re.compile("/nuove/$"))
    sweep()
    sweep(page.url)  # on the second visit nothing is shown

    context.clear_cookies()
    carry_session(sign_in_staff(Client(), carla), context, live_server.url)
    page.goto(reverse("staff:hand_over_utenza", args=[utenza.pharmacy.code, utenza.pk]))
    page.get_by_label("Codice dell’altra farmacia").fill(al_redentore.code)
    page.get_by_label("Motivo").fill("nuovo codice dopo la vendita")
    page.get_by_role("button", name="Continua").click()
    page.get_by_role("heading", name="Vuoi passarla a Farmacia Al Redentore?").wait_for()
    sweep()
    page.get_by_role("button", name="Passa l’utenza").click()
    page.wait_for_url(re.compile("4512/$"))
    utenza.refresh_from_db()
    assert utenza.pharmacy == al_redentore
