"""In a test environment, which several software houses share, only an operator of all of Italy moves the clock."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from portal.demo.models import DemoClock
from portal.time import database_clock


@pytest.fixture(autouse=True)
def collaudo(settings):
    settings.DEMO, settings.COLLAUDO = False, True


@pytest.fixture
def moves(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The actors of the moves that the page asked for."""
    found: list[object] = []
    monkeypatch.setattr("portal.demo.clock.moving.forward_to", lambda target, actor: found.append(actor))
    return found


def go_forward(client: Client):
    target = database_clock.now() + timedelta(hours=1)
    return client.post(reverse("demo:clock_forward"), {"fino": target.isoformat()})


def test_a_stranger_is_sent_to_the_door_of_the_staff(client, db, moves):
    for answer in (client.get(reverse("demo:clock")), go_forward(client)):
        assert answer.status_code == 302
        assert answer["Location"].startswith(reverse("identity:staff_login"))
    assert moves == []


def test_a_titolare_is_refused(anna_client, moves):
    assert anna_client.get(reverse("demo:clock")).status_code == 403
    assert go_forward(anna_client).status_code == 403
    assert moves == []


@pytest.mark.parametrize(
    ("roles", "limited_to"), [(["lettura"], []), (["sicurezza", "anagrafica"], []), (["amministrazione"], ["042"])]
)
def test_an_operator_with_another_role_or_a_territory_is_refused(operator, moves, roles, limited_to):
    client = operator(*roles, limited_to=limited_to)
    assert client.get(reverse("demo:clock")).status_code == 403
    assert go_forward(client).status_code == 403
    assert moves == []


def test_an_administrator_of_all_of_italy_moves_it(operator, moves):
    client = operator("amministrazione")
    page = client.get(reverse("demo:clock")).content.decode()
    assert "Fai passare il tempo" in page
    assert "Ricomincia con ID nuovi" not in page
    assert go_forward(client).status_code == 302
    assert [actor.username for actor in moves] == ["oriana-amministrazione"]


def test_a_refused_move_writes_nothing(anna_client, client):
    go_forward(anna_client)
    go_forward(client)
    assert not DemoClock.objects.exists()
