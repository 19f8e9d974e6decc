"""«Obbligatorio dal»: the date is shown, confirmed, journalled, and told on the page of the service's state."""

from datetime import UTC, date, datetime, time

import pytest
from django.urls import reverse

from portal.journal.models import Entry
from sessions.models import Context, GraceCalls
from sessions.staff.context_dates import instant
from tests.conftest import make_pharmacy
from tests.sessions.staff.conftest import NOW, utenza_of, words

FIRST = datetime(2026, 11, 30, 23, 0, tzinfo=UTC)  # midnight of 1 December in Italy
DATE = {"giorno": "2026-12-01", "ora": "00:00"}


@pytest.fixture
def row(db) -> Context:
    return Context.objects.usual()


def url(row: Context) -> str:
    return reverse("staff:context_date", args=[row.pk])


def set_date(client, row: Context, fields: dict[str, str]):
    question = client.post(url(row), fields)
    return client.post(url(row), {**fields, "confermo": question.context["change"]}, follow=True)


def test_the_change_is_asked_for_twice_and_says_what_it_means(carla_client, row) -> None:
    utenza = utenza_of(make_pharmacy("4512", "San Marco"))
    GraceCalls.objects.create(utenza=utenza, context=row, day=date(2026, 11, 22), calls=7)
    page = words(carla_client.get(url(row)).content.decode())
    assert "Adesso è obbligatorio" in page
    question = carla_client.post(url(row), DATE)
    page = words(question.content.decode())
    assert (
        "Fino alle 00:00 di martedì 1 dicembre 2026 le ricette senza un ID SESSIONE valido passano con un avviso"
        in page
    )
    assert "Ieri una utenza ha mandato ricette senza ID valido" in page
    assert Context.objects.get(pk=row.pk).mandatory_from is None
    answer = carla_client.post(url(row), {**DATE, "confermo": question.context["change"]}, follow=True)
    assert Context.objects.get(pk=row.pk).mandatory_from == FIRST
    line = Entry.objects.get()
    assert (line.verb, line.actor_name) == ("context.mandatory", "Carla Neri")
    page = words(answer.content.decode())
    assert (
        "ha deciso da quando l’ID è obbligatorio per il contesto RICETTA-DEM EROGATORE: prima sempre obbligatorio; adesso "
        "obbligatorio dalle 00:00 di martedì 1 dicembre 2026"
    ) in page
    assert "dal 1 dicembre 2026, ore 00:00" in page


def test_a_confirmation_of_another_change_asks_again(carla_client, row) -> None:
    question = carla_client.post(url(row), DATE)
    Context.objects.filter(pk=row.pk).update(mandatory_from=NOW)
    answer = carla_client.post(url(row), {**DATE, "confermo": question.context["change"]})
    assert "Confermi la data" in words(answer.content.decode())
    assert Context.objects.get(pk=row.pk).mandatory_from == NOW


def test_without_a_date_ids_are_mandatory_again(carla_client, row) -> None:
    set_date(carla_client, row, DATE)
    question = carla_client.post(url(row), {"giorno": "", "ora": ""})
    page = words(question.content.decode())
    assert "Da subito le ricette senza un ID SESSIONE valido vengono rifiutate" in page
    assert "Ieri nessuna ricetta è arrivata senza ID valido." in page
    set_date(carla_client, row, {"giorno": "", "ora": ""})
    assert Context.objects.get(pk=row.pk).mandatory_from is None


def test_the_same_date_changes_nothing(carla_client, row) -> None:
    set_date(carla_client, row, DATE)
    answer = carla_client.post(url(row), DATE, follow=True)
    assert "non è cambiato nulla" in words(answer.content.decode())
    assert Entry.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"giorno": "2027-03-28", "ora": "02:30"}, "Quella notte cambia l’ora"),
        ({"giorno": "2026-10-25", "ora": "02:30"}, "Quella notte cambia l’ora"),
        ({"giorno": "", "ora": "08:00"}, "Scrivi anche il giorno"),
        ({"giorno": "domani", "ora": "08:00"}, "Scrivi il giorno così"),
        ({"giorno": "2026-12-01", "ora": "alle otto"}, "Scrivi l’ora così"),
    ],
)
def test_what_is_no_instant_is_refused_in_words(carla_client, row, fields, sentence) -> None:
    answer = carla_client.post(url(row), fields)
    assert sentence in words(answer.content.decode())
    assert Context.objects.get(pk=row.pk).mandatory_from is None


def test_an_instant_is_the_italian_one_in_summer_and_in_winter() -> None:
    assert instant(date(2026, 7, 1), time(8)) == datetime(2026, 7, 1, 6, tzinfo=UTC)
    assert instant(date(2026, 12, 1), time(8)) == datetime(2026, 12, 1, 7, tzinfo=UTC)
    assert instant(date(2026, 10, 25), time(3)) == datetime(2026, 10, 25, 2, tzinfo=UTC)
    assert instant(date(2026, 10, 25), time(2)) is None
    assert instant(date(2027, 3, 28), time(2)) is None


def test_the_state_of_the_service_says_the_date_until_it_has_passed(client, row, time_machine) -> None:
    address = "/informazioni/stato-servizio/"
    assert "Non ancora obbligatorio" not in client.get(address).content.decode()
    Context.objects.filter(pk=row.pk).update(mandatory_from=FIRST)
    page = words(client.get(address).content.decode())
    assert (
        "Dalle 00:00 di martedì 1 dicembre 2026 (ora italiana) una ricetta senza ID SESSIONE valido viene rifiutata"
        in page
    )
    time_machine.move_to(FIRST, tick=False)
    assert "Non ancora obbligatorio" not in client.get(address).content.decode()
