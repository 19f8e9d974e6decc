"""«Contesti»: the web service's contexts, changed by staff; each change is in the journal."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse, reverse_lazy

from portal.journal.models import Entry
from sessions.models import Context
from sessions.models.context import REQUIRED_BY_DEFAULT
from tests.sessions.staff.conftest import words

NEW = reverse_lazy("staff:add_context")


@pytest.fixture
def row(db) -> Context:
    return Context.objects.usual()


def url(row: Context) -> str:
    return reverse("staff:context", args=[row.pk])


def values(row: Context, **changed) -> dict:
    return {
        "contesto": row.contesto, "applicazione": row.applicazione,
        "title": row.title, "hours": row.hours, "policy": row.policy, "required_fields": row.required_fields, **changed,
    }  # fmt: skip


def test_the_shipped_rows_are_listed_with_their_rules(carla_client, row) -> None:
    page = words(carla_client.get(reverse("staff:contexts")).content.decode())
    assert "RICETTA-DEM · EROGATORE" in page
    assert ", ".join(REQUIRED_BY_DEFAULT) in page
    assert "Nessuna: i contesti sono quelli forniti" in page


def test_a_change_is_kept_and_written_down(carla_client, row) -> None:
    answer = carla_client.post(
        url(row), values(row, hours=10, policy="replace", required_fields=["userId", "contesto"]), follow=True
    )
    row.refresh_from_db()
    assert (row.hours, row.policy, row.required_fields) == (10, "replace", ["userId", "contesto"])
    line = Entry.objects.get()
    assert (line.actor_name, line.about) == ("Carla Neri", "")
    page = words(answer.content.decode())
    assert "ore di validità da «16» a «10»" in page
    assert "a userId, contesto" in page


def test_a_context_may_want_further_information_but_no_options(carla_client, row) -> None:
    carla_client.post(url(row), values(row, required_fields=["contesto", "opzioni"]))
    row.refresh_from_db()
    assert row.required_fields == REQUIRED_BY_DEFAULT
    carla_client.post(url(row), values(row, required_fields=["contesto", "infoAggiuntive"]))
    row.refresh_from_db()
    assert row.required_fields == ["contesto", "infoAggiuntive"]


def test_no_context_can_be_told_to_accept_what_no_utenza_has(carla_client, row) -> None:
    assert "inviante" not in carla_client.get(url(row)).content.decode()
    carla_client.post(url(row), values(row, allowed_tipo="I"))
    row.refresh_from_db()
    assert row.allowed_tipo == "P"


def test_saving_without_a_change_writes_nothing(carla_client, row) -> None:
    carla_client.post(url(row), values(row))
    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [("hours", "0"), ("hours", "49"), ("hours", "x"), ("hours", ""), ("policy", "mai"), ("required_fields", ["password"]),
     ("title", "x" * 81), ("contesto", "è")],
)  # fmt: skip
def test_a_value_that_makes_no_sense_is_told_and_changes_nothing(carla_client, row, field, value) -> None:
    page = carla_client.post(url(row), values(row, **{field: value})).content.decode()
    assert "<title>Errore: " in page
    row.refresh_from_db()
    assert row.hours == 16
    assert not Entry.objects.exists()


def test_the_two_codes_can_be_corrected_until_somebody_asks_for_an_id(carla_client, row) -> None:
    carla_client.post(url(row), values(row, contesto="RICETTA-NUOVA", applicazione=""))
    row.refresh_from_db()
    assert str(row) == "RICETTA-NUOVA"
    assert Entry.objects.get().sentence == (
        "ha modificato il contesto RICETTA-DEM EROGATORE: contesto da «RICETTA-DEM» a «RICETTA-NUOVA»; "
        "applicazione da «EROGATORE» a «»"
    )


def test_the_codes_of_a_context_with_an_id_stay_and_the_page_says_why(carla_client, row, give_id) -> None:
    give_id(left=-timedelta(days=300))
    page = carla_client.get(url(row)).content.decode()
    assert "è già stato chiesto almeno un ID" in page
    assert 'name="contesto"' not in page
    carla_client.post(url(row), values(row, contesto="ALTRO", hours=12))
    row.refresh_from_db()
    assert (row.contesto, row.hours) == ("RICETTA-DEM", 12)


def new(**changed) -> dict:
    return {
        "contesto": "RICETTA-NERA", "applicazione": "EROGATORE", "title": "Ricette nere", "hours": "8",
        "policy": "replace", "required_fields": ["userId", "contesto"], **changed,
    }  # fmt: skip


def test_a_new_context_starts_as_the_shipped_ones_and_is_written_down(carla_client, db) -> None:
    empty = carla_client.get(NEW).content.decode()
    assert 'name="hours" value="16"' in empty
    assert empty.count("checked") == len(REQUIRED_BY_DEFAULT) + 1  # the fields, the policy
    answer = carla_client.post(NEW, new(), follow=True)
    row = Context.objects.get(contesto="RICETTA-NERA", applicazione="EROGATORE")
    assert (row.hours, row.policy, row.required_fields, row.title) == (
        8, "replace", ["userId", "contesto"], "Ricette nere",
    )  # fmt: skip
    page = words(answer.content.decode())
    assert "Contesto RICETTA-NERA EROGATORE aggiunto" in page
    assert "Carla Neri ha aggiunto il contesto RICETTA-NERA EROGATORE: nome «Ricette nere»; ore di validità «8»" in page


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"contesto": ""}, "Scrivi il codice del contesto"),
        ({"contesto": "RICETTA NERA"}, "Il codice del contesto può avere lettere, cifre, punti e trattini"),
        ({"applicazione": "FARMACÌA"}, "Il codice dell’applicazione può avere lettere, cifre, punti e trattini"),
        ({"contesto": "X" * 31}, "Il codice del contesto ha al massimo 30 caratteri"),
        ({"contesto": "ricetta-dem"}, "Il contesto RICETTA-DEM EROGATORE c’è già"),
        ({"contesto": "RICETTA-DEM", "applicazione": ""}, "Il contesto RICETTA-DEM c’è già"),
    ],
)
def test_codes_that_nobody_could_send_or_tell_apart_are_refused_with_a_reason(carla_client, db, wrong, sentence):
    before = Context.objects.count()
    page = carla_client.post(NEW, new(**wrong)).content.decode()
    assert "<title>Errore: Nuovo contesto" in page
    assert sentence in words(page)
    assert Context.objects.count() == before
    assert not Entry.objects.exists()


def test_a_context_cannot_take_the_codes_of_another(carla_client, row) -> None:
    page = carla_client.post(url(row), values(row, applicazione="PRESCRITTORE")).content.decode()
    assert "Il contesto RICETTA-DEM PRESCRITTORE c’è già" in page
    row.refresh_from_db()
    assert row.applicazione == "EROGATORE"


def test_with_no_context_at_all_the_page_says_what_that_means(carla_client, db) -> None:
    Context.objects.all().delete()
    page = words(carla_client.get(reverse("staff:contexts")).content.decode())
    assert "nessun gestionale può chiedere un ID SESSIONE" in page
    assert "Nuovo contesto" in page


@pytest.mark.parametrize("method", ["get", "post"])
def test_only_staff_with_the_second_factor(dario_client, anna_client, carla, row, method) -> None:
    half_way = Client()
    half_way.force_login(carla, backend="portal.identity.backends.StaffBackend")
    for client in (dario_client, anna_client, half_way):
        for place in (url(row), reverse("staff:contexts"), NEW):
            assert getattr(client, method)(place, values(row, hours=1)).status_code == 403
    assert getattr(Client(), method)(url(row)).status_code == 302
    assert Context.objects.get(pk=row.pk).hours == 16
