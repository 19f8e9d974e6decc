"""«Per quale farmacia operi?», the summary, and the page for a person without a pharmacy."""

from datetime import UTC, datetime, timedelta

from django.urls import reverse
from django.utils import timezone

from pharmacies.models import MailCertification, Office
from tests.conftest import ANNA, make_pharmacy
from tests.pharmacies.pages import BOX, ask, content, page

CHOOSE = reverse("pharmacies:choose")


def give_office(pharmacy, codice_fiscale=ANNA, role=Office.Role.TITOLARE, **when):
    since = datetime(2020, 1, 1, tzinfo=UTC)
    return Office.objects.create(pharmacy=pharmacy, codice_fiscale=codice_fiscale, role=role, since=since, **when)


def test_with_one_pharmacy_there_is_nothing_to_choose(bruno_client, al_redentore):
    assert bruno_client.get(CHOOSE).url == page("pharmacies:overview")


def test_with_several_each_says_how_its_mailbox_is_and_offers_the_right_step(anna_client, certified, al_redentore):
    give_office(al_redentore)
    telve = make_pharmacy("5541", "Dispensario Telve")
    give_office(telve)
    ask(anna_client, BOX)
    body = content(anna_client.get(CHOOSE))
    assert "abbinato a 3 farmacie" in body
    for words in ("Mail certificata", "Gestisci", "Codice da inserire", "Riprendi", "Nessuna mail", "Certifica mail"):
        assert words in body
    assert "Farmacia Dispensario" not in body
    assert page("wizard:resume") in body


def test_a_delegate_is_offered_only_to_open(anna_client, certified, al_redentore):
    give_office(al_redentore, role=Office.Role.DELEGATE)
    body = content(anna_client.get(CHOOSE))
    assert "delegato" in body
    assert "Apri" in body
    assert page("wizard:resume") not in body


def test_who_is_titolare_and_delegate_of_one_pharmacy_sees_it_once_as_titolare(anna_client, certified, san_marco):
    give_office(san_marco, role=Office.Role.DELEGATE)
    assert anna_client.get(CHOOSE).url == page("pharmacies:overview", "4512")
    assert "con il ruolo di titolare" in content(anna_client.get(page("pharmacies:overview", "4512")))


def test_a_closed_pharmacy_and_an_office_that_ended_are_not_offered(bruno_client, al_redentore):
    al_redentore.closed_on = timezone.now().date() - timedelta(days=1)
    al_redentore.save()
    assert "Cosa puoi fare" in content(bruno_client.get(CHOOSE))
    assert bruno_client.get(page("pharmacies:overview")).status_code == 404


def test_who_has_no_pharmacy_is_shown_three_ways_out_and_the_identity_that_was_used(dario_client, certified):
    body = content(dario_client.get(CHOOSE))
    assert "Accesso riuscito, ma non risulti titolare o direttore di una farmacia" in body
    assert "Dario Verdi" in body
    assert "VRD•••••••••219M" in body
    assert "VRDDRA82C03L219M" not in body
    for words in ("Sei un collaboratore", "Sei titolare o direttore di una farmacia", "Hai usato l’identità sbagliata"):
        assert words in body


def test_the_summary_of_an_uncertified_pharmacy_says_where_to_begin(bruno_client, al_redentore):
    body = content(bruno_client.get(page("pharmacies:overview")))
    assert "<h1>Servizi on line</h1>" in body
    assert "Nessuna mail" in body
    assert page("pharmacies:security") in body
    body = content(bruno_client.get(page("pharmacies:security")))
    assert "<h1>Sicurezza</h1>" in body
    assert "Passo 3 di 8" in body
    assert page("wizard:resume") in body
    assert not MailCertification.objects.exists()
