"""«Contesti»: the rows of the web service, changed by staff, each change written down."""

import pytest
from django.test import Client
from django.urls import reverse

from portal.journal.models import Entry
from sessions.models import Context
from sessions.models.context import REQUIRED_BY_DEFAULT
from tests.sessions.staff.conftest import words


@pytest.fixture
def row(db) -> Context:
    return Context.objects.usual()


def url(row: Context) -> str:
    return reverse("staff:context", args=[row.pk])


def values(row: Context, **changed) -> dict:
    return {
        "title": row.title, "hours": row.hours, "policy": row.policy, "required_fields": row.required_fields,
        "allowed_tipo": row.allowed_tipo, **changed,
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


def test_saving_without_a_change_writes_nothing(carla_client, row) -> None:
    carla_client.post(url(row), values(row))
    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [("hours", "0"), ("hours", "49"), ("hours", "x"), ("hours", ""), ("policy", "mai"), ("required_fields", ["password"]),
     ("allowed_tipo", "Z"), ("title", "x" * 81)],
)  # fmt: skip
def test_a_value_that_makes_no_sense_is_told_and_changes_nothing(carla_client, row, field, value) -> None:
    page = carla_client.post(url(row), values(row, **{field: value})).content.decode()
    assert "<title>Errore: " in page
    row.refresh_from_db()
    assert row.hours == 16
    assert not Entry.objects.exists()


def test_the_two_codes_cannot_be_changed(carla_client, row) -> None:
    carla_client.post(url(row), values(row, contesto="ALTRO", hours=12))
    row.refresh_from_db()
    assert (row.contesto, row.hours) == ("RICETTA-DEM", 12)


@pytest.mark.parametrize("method", ["get", "post"])
def test_only_staff_with_the_second_factor(dario_client, anna_client, carla, row, method) -> None:
    half_way = Client()
    half_way.force_login(carla, backend="portal.identity.backends.StaffBackend")
    for client in (dario_client, anna_client, half_way):
        for place in (url(row), reverse("staff:contexts")):
            assert getattr(client, method)(place, values(row, hours=1)).status_code == 403
    assert getattr(Client(), method)(url(row)).status_code == 302
    assert Context.objects.get(pk=row.pk).hours == 16
