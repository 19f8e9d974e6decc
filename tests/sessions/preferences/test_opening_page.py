"""The page «Pronto all’apertura», and the context's row that allows the choice."""

import pytest
import time_machine
from django.test import Client

from pharmacies.models import Office
from portal.journal.models import Entry
from sessions.hours.week import Week
from sessions.models import Context, ReadyAtOpening
from sessions.reminders import planning
from tests.conftest import DARIO, sign_in
from tests.sessions.conftest import MORNING
from tests.sessions.ids.test_manage_page import text

PAGE = "/servizi/4512/avvisi/apertura/"
NOT_YET = "Per ora non si può scegliere"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def client(anna, certified, utenza, context) -> Client:
    return sign_in(Client(), anna)


@pytest.fixture
def allowed(client, context, san_marco, anna) -> Context:
    Context.objects.filter(pk=context.pk).update(before_opening=True)
    planning.set_hours(san_marco, Week((((510, 1200),),) * 7), anna, MORNING)
    return context


def read(client: Client) -> str:
    return text(client.get(PAGE).content.decode())


def test_off_by_default_and_only_where_a_context_allows_it(client, context, san_marco, anna) -> None:
    assert not Context.objects.filter(before_opening=True).exists()
    assert NOT_YET in read(client)
    client.post(PAGE, {"minuti": "30"})
    assert not ReadyAtOpening.objects.exists()
    Context.objects.filter(pk=context.pk).update(before_opening=True, policy="replace")
    assert NOT_YET in read(client)
    Context.objects.filter(pk=context.pk).update(policy="overlap")
    assert "Prima servono gli orari" in read(client)
    client.post(PAGE, {"minuti": "30"})
    assert not ReadyAtOpening.objects.exists()


def test_the_choice_says_when_the_next_time_is(client, allowed) -> None:
    page = text(client.post(PAGE, {"minuti": "30"}, follow=True).content.decode())
    assert "È attivo" in page
    assert "La prossima volta: domani alle 07:" in page or "La prossima volta: domani alle 08:00" in page
    assert "per l’apertura di domani alle 08:30" in page
    client.post(PAGE, {"minuti": "30"})  # nothing new
    client.post(PAGE, {"minuti": "60"})
    assert ReadyAtOpening.objects.get().minutes == 60
    client.post(PAGE, {"minuti": ""})
    assert not ReadyAtOpening.objects.exists()
    sentences = [row.sentence for row in Entry.objects.filter(verb__contains="ready").order_by("pk")]
    assert sentences == [
        "ha scelto di trovare gli ID SESSIONE pronti 30 minuti prima dell’apertura",
        "ha scelto di trovare gli ID SESSIONE pronti 60 minuti prima dell’apertura",
        "non vuole più gli ID SESSIONE chiesti dal portale prima dell’apertura",
    ]


def test_another_number_of_minutes_is_refused(client, allowed) -> None:
    assert client.post(PAGE, {"minuti": "5"}).status_code == 200
    assert not ReadyAtOpening.objects.exists()


def test_only_a_holder_decides(client, allowed, dario, san_marco) -> None:
    stranger = sign_in(Client(), dario)
    assert stranger.get(PAGE).status_code == 404
    Office.objects.create(
        pharmacy=san_marco, codice_fiscale=DARIO, role="delegate", since=MORNING, may_use_ids=True, may_set_hours=True
    )
    assert stranger.post(PAGE, {"minuti": "30"}).status_code == 403
    assert not ReadyAtOpening.objects.exists()


def change(carla_client, row: Context, **also) -> str:
    fields = {
        "contesto": row.contesto,
        "applicazione": row.applicazione,
        "title": row.title,
        "hours": row.hours,
        "policy": row.policy,
        "required_fields": row.required_fields,
    } | also
    return carla_client.post(f"/operatori/contesti/{row.pk}/", fields, follow=True).content.decode()


def test_the_desk_allows_it_for_a_context_but_never_under_replace(carla_client, context) -> None:
    change(carla_client, context, before_opening="on")
    context.refresh_from_db()
    assert context.before_opening
    assert (
        "già chiesto dal portale da «no» a «sì»" in Entry.objects.filter(verb="context.changed").latest("pk").sentence
    )
    assert "il portale non può chiederlo da solo" in change(
        carla_client, context, before_opening="on", policy="replace"
    )
    context.refresh_from_db()
    assert context.policy == "overlap"
