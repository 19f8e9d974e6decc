"""«Chi lo può chiedere»: the types of site of a context, changed by staff after a confirmation; each change is in the journal."""

import pytest
from django.urls import reverse
from django.utils import timezone

from pharmacies.models import Pharmacy
from portal.journal.models import Entry
from sessions.ids import issuing
from sessions.models import Context
from tests.sessions.staff.conftest import words

FARMACIE = [1, 2, 3, 4]
ALL = [*FARMACIE, 5]


@pytest.fixture
def row(db) -> Context:
    return Context.objects.usual()


def url(row: Context) -> str:
    return reverse("staff:context_types", args=[row.pk])


def types(row: Context) -> list[int]:
    return sorted(row.askable.values_list("type", flat=True))


def test_the_list_names_the_types_of_each_context(carla_client, row) -> None:
    page = words(carla_client.get(reverse("staff:contexts")).content.decode())
    assert "Ordinaria, Succursale, Dispensario, Dispensario stagionale Cambia" in page
    assert "Dispensario stagionale, Parafarmacia Cambia" in page


def test_a_change_is_shown_confirmed_and_written_down(carla_client, row, san_marco) -> None:
    Pharmacy.objects.create(code="P20001", name="Al Ponte", comune="TRENTO", type=Pharmacy.Type.PARAFARMACIA)
    question = carla_client.post(url(row), {"tipologie": ALL})
    assert "Parafarmacia: da adesso può chiedere ID (aperte nel registro: 1)" in words(question.content.decode())
    assert types(row) == FARMACIE
    answer = carla_client.post(url(row), {"tipologie": ALL, "confermo": question.context["change"]}, follow=True)
    assert types(row) == ALL
    line = Entry.objects.get()
    assert (line.verb, line.actor_name) == ("context.types", "Carla Neri")
    assert (
        "Carla Neri ha deciso chi può chiedere ID per il contesto RICETTA-DEM EROGATORE: prima ordinaria, succursale, "
        "dispensario, dispensario stagionale; adesso ordinaria, succursale, dispensario, dispensario stagionale, parafarmacia"
    ) in words(answer.content.decode())


def test_what_is_taken_away_names_the_ids_that_go_on(carla_client, row, utenza, certified) -> None:
    issued = issuing.issue(utenza, row, timezone.now()).id_sessione
    question = carla_client.post(url(row), {})
    page = words(question.content.decode())
    assert "Ordinaria: da adesso non può più chiedere ID (aperte nel registro: 1)" in page
    assert "a chi non ne potrà chiedere altri: 1" in page
    carla_client.post(url(row), {"confermo": question.context["change"]})
    assert types(row) == []
    issued.refresh_from_db()
    assert issued.revoked_at is None
    assert "nessuno Cambia" in words(carla_client.get(reverse("staff:contexts")).content.decode())


def test_a_confirmation_of_another_change_asks_again(carla_client, row) -> None:
    change = carla_client.post(url(row), {"tipologie": ALL}).context["change"]
    row.askable.filter(type=4).delete()  # another operator, meanwhile
    again = carla_client.post(url(row), {"tipologie": ALL, "confermo": change})
    assert again.status_code == 200
    assert types(row) == [1, 2, 3]
    assert not Entry.objects.exists()


def test_a_second_press_and_no_change_write_nothing(carla_client, row) -> None:
    change = carla_client.post(url(row), {"tipologie": ALL}).context["change"]
    for _ in range(2):
        answer = carla_client.post(url(row), {"tipologie": ALL, "confermo": change}, follow=True)
    assert "non è cambiato nulla" in words(answer.content.decode())
    assert Entry.objects.count() == 1


@pytest.mark.parametrize("wrong", ["6", "0", "x", ""])
def test_a_type_that_the_register_does_not_know_is_refused(carla_client, row, wrong) -> None:
    answer = carla_client.post(url(row), {"tipologie": [*FARMACIE, wrong]})
    assert answer.status_code == 200
    assert "<title>Errore:" in answer.content.decode()
    assert types(row) == FARMACIE


def test_the_archive_shows_the_types(carla_client, row) -> None:
    page = words(carla_client.get(reverse("archive:row", args=["contesti", row.pk])).content.decode())
    assert "Ordinaria, Succursale, Dispensario, Dispensario stagionale" in page


def test_only_the_whole_nation_s_amministrazione(operator, row) -> None:
    for roles, limited in ((("sicurezza", "anagrafica"), ()), (("amministrazione",), ("042",))):
        assert operator(*roles, limited_to=limited).post(url(row), {"tipologie": ALL}).status_code in (403, 404)
    assert types(row) == FARMACIE
