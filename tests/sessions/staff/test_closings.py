"""Closings by the register, for the staff: the mark of an absence, «Da seguire», the approval of many closings."""

import re
from datetime import date, timedelta

import pytest
from django.core.management import CommandError, call_command

from pharmacies.models import NationalRegister, Pharmacy, RegisterImport
from pharmacies.register.closing import Closing, close
from portal.journal.models import Entry
from portal.outbox.models import OutgoingMail
from tests.conftest import make_pharmacy
from tests.sessions.staff.conftest import NOW, STATUS, certification_of

PAGE = "/operatori/chiusure/"
SINCE = date(2026, 11, 24)
pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting():
    found = [make_pharmacy(str(n), f"Numero {n}", closing_waits=SINCE) for n in range(1, 8)]
    certification_of(found[0], "uno@farmacia.example")
    return found


def elenco(client) -> str:
    return re.search(r'name="elenco" value="(\w+)"', client.get(PAGE).content.decode())[1]


def test_an_absence_is_a_mark_with_its_day_on_the_page_of_the_pharmacy(carla_client, san_marco):
    san_marco.absent_since = date(2026, 11, 20)
    san_marco.save()
    page = carla_client.get(f"{STATUS}4512/").content.decode()
    assert "Manca dal registro" in page
    assert "Dal 20/11/2026" in page
    assert "la farmacia lavora" in page


def test_a_closing_that_waits_is_on_the_page_of_the_pharmacy(carla_client, waiting):
    page = carla_client.get(f"{STATUS}1/").content.decode()
    assert "Chiusura da confermare" in page
    assert "24 novembre 2026" in page


def test_the_yes_closes_those_that_were_read_and_tells_each(carla_client, carla, waiting):
    page = carla_client.get(PAGE).content.decode()
    assert "7 farmacie delle 7 aperte" in page
    assert "Numero 3" in page
    answer = carla_client.post(PAGE, {"motivo": "Chiuse dalla ASL", "elenco": elenco(carla_client)}, follow=True)
    assert "7 farmacie chiuse." in answer.content.decode()
    assert set(Pharmacy.objects.values_list("closed_on", "closing_waits")) == {(SINCE, None)}
    assert OutgoingMail.objects.get(about="1").recipient == "uno@farmacia.example"
    entry = Entry.objects.get(verb="register.closed", about="3")
    assert (entry.actor, entry.detail["because"]) == (carla, "Chiuse dalla ASL")


def test_a_list_that_changed_meanwhile_is_read_again_first(carla_client, waiting):
    read = elenco(carla_client)
    make_pharmacy("99", "Ultima", closing_waits=SINCE)
    answer = carla_client.post(PAGE, {"motivo": "prova", "elenco": read}, follow=True)
    assert "cambiato mentre lo leggevi" in answer.content.decode()
    assert not Pharmacy.objects.exclude(closed_on=None).exists()


def test_without_a_reason_nothing_is_closed(carla_client, waiting):
    assert "Scrivi il motivo" in carla_client.post(PAGE, {"elenco": elenco(carla_client)}).content.decode()
    assert not Pharmacy.objects.exclude(closed_on=None).exists()


def test_an_operator_of_a_region_says_yes_to_its_own_only(operator, waiting):
    elsewhere = make_pharmacy("77", "Altrove", closing_waits=SINCE, region_code="010")
    client = operator("sicurezza", limited_to=["010"])
    client.post(PAGE, {"motivo": "prova", "elenco": elenco(client)})
    assert list(Pharmacy.objects.exclude(closed_on=None)) == [elsewhere]


def test_what_waits_and_what_was_closed_stand_in_da_seguire(carla_client, operator, waiting):
    closed = make_pharmacy("50", "Chiusa ieri")
    close([Closing(closed.pk, NOW.date())], NOW - timedelta(days=1))
    page = carla_client.get(STATUS).content.decode()
    assert "Chiusure da confermare" in page
    assert "chiude 7 farmacie in una volta" in page
    assert f'href="{PAGE}"' in page
    assert "Farmacia Chiusa ieri" in page
    assert "Chiusa dal registro nazionale dal 23/11/2026" in page
    assert f'href="{PAGE}"' not in operator("lettura").get(STATUS).content.decode()
    close([Closing(closed.pk, NOW.date())], NOW - timedelta(days=8))
    assert "Farmacia Chiusa ieri" not in carla_client.get(STATUS).content.decode()


def test_the_command_lists_then_closes_with_a_reason(waiting, capsys):
    call_command("confirm_closings")
    assert "Closings that wait: 7" in capsys.readouterr().out
    assert not Pharmacy.objects.exclude(closed_on=None).exists()
    call_command("confirm_closings", "chiuse dalla ASL")
    assert "Closed: 7." in capsys.readouterr().out
    assert Pharmacy.objects.exclude(closed_on=None).count() == 7
    with pytest.raises(CommandError):
        call_command("confirm_closings", "uno", "due")


@pytest.fixture
def parafarmacie(waiting):
    kind = Pharmacy.Type.PARAFARMACIA
    return [make_pharmacy(f"P{n}", f"Sito {n}", closing_waits=SINCE, type=kind) for n in range(1, 10)]


def test_the_closings_of_the_two_registers_are_confirmed_apart(carla_client, parafarmacie):
    page = carla_client.get(PAGE).content.decode()
    assert "7 farmacie delle 7 aperte" in page
    assert "9 parafarmacie delle 9 aperte" in page
    second = re.findall(r'name="elenco" value="(\w+)"', page)[1]
    answer = carla_client.post(PAGE, {"motivo": "Chiuse dal Ministero", "elenco": second}, follow=True)
    assert "9 parafarmacie chiuse." in answer.content.decode()
    assert set(Pharmacy.objects.exclude(closed_on=None)) == set(parafarmacie)
    assert "7 farmacie delle 7 aperte" in answer.content.decode()


def test_a_missing_reason_is_told_beside_the_list_that_was_sent(carla_client, parafarmacie):
    second = re.findall(r'name="elenco" value="(\w+)"', carla_client.get(PAGE).content.decode())[1]
    page = carla_client.post(PAGE, {"elenco": second}).content.decode()
    assert 'href="#id_parafarmacie_motivo"' in page
    assert page.count("Scrivi il motivo") == 2, "in the summary and at the field"
    assert not Pharmacy.objects.exclude(closed_on=None).exists()


def test_da_seguire_tells_pharmacies_from_parafarmacie(carla_client, parafarmacie):
    assert "chiudono farmacie (7) e parafarmacie (9)" in carla_client.get(STATUS).content.decode()
    Pharmacy.objects.of_register(NationalRegister.FARMACIE).update(closing_waits=None)
    assert "chiude 9 parafarmacie in una volta" in carla_client.get(STATUS).content.decode()


def test_the_page_shows_the_last_reading_of_each_register(carla_client, db):
    page = carla_client.get(PAGE).content.decode()
    assert "Il registro delle parafarmacie non è mai stato letto" in page
    facts = {"at": NOW, "day": NOW.date(), "rows": 1, "pharmacies": 1, "unnamed": 0}
    RegisterImport.objects.create(file="FRM_FARMA_5_20261123.csv", **facts)
    parafarmacie = NationalRegister.PARAFARMACIE
    RegisterImport.objects.create(file="FRM_PFARMA_7_20261123.csv", register=parafarmacie, flaw="fewer", **facts)
    page = carla_client.get(PAGE).content.decode()
    assert "FRM_FARMA_5_20261123.csv, 23/11/2026 14:32." in page
    assert "FRM_PFARMA_7_20261123.csv, 23/11/2026 14:32. Non chiude nulla: ne nomina molte meno" in page


def test_the_command_closes_one_register_only_when_asked(parafarmacie, capsys):
    call_command("confirm_closings", "--register", "parafarmacie")
    assert "Closings that wait: 9" in capsys.readouterr().out
    call_command("confirm_closings", "chiuse", "--register", "parafarmacie")
    assert set(Pharmacy.objects.exclude(closed_on=None)) == set(parafarmacie)
