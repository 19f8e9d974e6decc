"""«sicurezza» ends a person's sessions, stops the person and lets them in again; nobody reaches beyond the own territory."""

import pytest
from django.test import Client

from pharmacies.models import Office
from portal.journal.models import Entry
from portal.outbox.models import OutgoingMail
from tests.conftest import make_pharmacy, make_titolare
from tests.identity import door

pytestmark = pytest.mark.django_db

WHY = {"motivo": "telefono rubato, denuncia 12/2026"}


@pytest.fixture
def office(anna, san_marco) -> Office:
    return Office.objects.get(pharmacy=san_marco)


def url(office: Office, act: str) -> str:
    return f"/operatori/stato-sessioni/{office.pharmacy.code}/persone/{office.pk}/{act}/"


def inside() -> Client:
    client = Client()
    door.enter(client)
    return client


def test_the_sessions_end_and_the_person_may_come_in_again(operator, office):
    client = inside()
    desk = operator("sicurezza")
    assert "Accessi chiusi" in desk.post(url(office, "accessi"), WHY, follow=True).content.decode()
    assert not door.signed_in(client)
    assert door.signed_in(inside())
    assert "Accessi chiusi" in desk.post(url(office, "accessi"), WHY, follow=True).content.decode()
    assert "Non aveva accessi aperti" in desk.post(url(office, "accessi"), WHY, follow=True).content.decode()


def test_a_stopped_person_is_out_and_refused_until_readmitted(operator, office, certified):
    client, desk = inside(), operator("sicurezza")
    page = desk.post(url(office, "ferma"), WHY, follow=True).content.decode()
    assert "non può più entrare" in page
    assert "Fermo: non può entrare" in page
    assert not door.signed_in(client)
    assert not door.signed_in(inside())
    assert "è già fuori" in desk.post(url(office, "ferma"), WHY, follow=True).content.decode()
    desk.post(url(office, "riammetti"), WHY, follow=True)
    assert door.signed_in(inside())
    stories = OutgoingMail.objects.filter(subject__contains="entrare").values_list("recipient", flat=True)
    assert list(stories) == [certified.address] * 2
    verbs = set(Entry.objects.filter(about=office.pharmacy.code).values_list("verb", flat=True))
    assert {"person.stopped", "person.readmitted"} <= verbs


def test_a_person_who_works_outside_the_territory_is_stopped_by_nobody_of_one_region(operator, office, anna):
    far = make_pharmacy("23456", "Farmacia Lontana", region_code="190")
    make_titolare(anna, far)
    inside()
    desk = operator("sicurezza", limited_to=[office.pharmacy.region_code])
    assert "fuori dal tuo territorio" in desk.post(url(office, "ferma"), WHY, follow=True).content.decode()
    anna.refresh_from_db()
    assert anna.is_active


@pytest.mark.parametrize("act", ["accessi", "ferma", "riammetti"])
def test_the_acts_need_the_role_a_reason_and_a_person_of_this_pharmacy(operator, office, al_redentore, bruno, act):
    assert operator("assistenza").post(url(office, act), WHY).status_code == 403
    desk = operator("sicurezza")
    other = Office.objects.get(pharmacy=al_redentore)
    assert desk.post(f"/operatori/stato-sessioni/4512/persone/{other.pk}/{act}/", WHY).status_code == 404
    inside()
    if act != "riammetti":
        assert "<title>Errore" in desk.post(url(office, act), {"motivo": " "}).content.decode()


def test_a_person_who_never_came_in_has_nothing_to_stop(operator, office, anna):
    Office.objects.filter(pk=office.pk).update(codice_fiscale="VRDLGI80A01H501X")
    desk = operator("sicurezza")
    assert "non è mai entrata" in desk.post(url(office, "ferma"), WHY, follow=True).content.decode()
