"""Search by codice fiscale or address: found, and never written in a URL or a log."""

import re
from datetime import timedelta

import pytest

from sessions.staff.lists.search import KEPT_SEARCHES
from tests.conftest import ANNA, BRUNO
from tests.sessions.staff.conftest import NOW, STATUS, rows, words

LOOK_FOR = f"{STATUS}cerca/"


def search(client, words_typed: str, **filters):
    return client.post(LOOK_FOR, {"cerca": words_typed, **filters})


@pytest.fixture
def two_pharmacies(anna, bruno, san_marco, al_redentore, give_id) -> None:
    give_id(san_marco)
    give_id(al_redentore)


@pytest.mark.parametrize("typed", [ANNA, ANNA.lower(), ANNA[:12], "idsessione@farmacia4512.it", "@FARMACIA4512"])
def test_a_codice_fiscale_and_an_address_find_the_pharmacy_and_are_not_in_the_url(carla_client, two_pharmacies, typed):
    answer = search(carla_client, typed)

    assert answer.status_code == 302
    assert re.fullmatch(rf"{STATUS}\?chiave=[0-9a-f]{{16}}", answer["Location"])
    assert [row.split()[1:3] for row in rows(carla_client.get(answer["Location"]).content.decode())] == [
        ["San", "Marco"]
    ]


def test_the_same_search_has_the_same_address_so_that_going_back_works(carla_client, two_pharmacies):
    assert search(carla_client, ANNA)["Location"] == search(carla_client, ANNA)["Location"]
    assert search(carla_client, ANNA)["Location"] != search(carla_client, BRUNO)["Location"]


def test_no_link_of_the_page_carries_what_was_searched(carla_client, two_pharmacies, give_id):
    html = carla_client.get(search(carla_client, ANNA, stato="tutte")["Location"]).content.decode()

    assert [link for link in re.findall(r'(?:href|action)="([^"]*)"', html) if ANNA in link.upper()] == []
    assert f'value="{ANNA}"' in html


def test_what_the_session_keeps_of_a_search_is_sealed(carla_client, two_pharmacies):
    search(carla_client, ANNA)

    assert ANNA not in str(dict(carla_client.session))


def test_the_address_of_a_search_says_nothing_to_another_operator(client, carla_client, operator, two_pharmacies):
    address = search(carla_client, ANNA)["Location"]

    answer = operator("lettura").get(address)

    assert "Questa ricerca non c’è più" in answer.content.decode()
    assert ANNA not in answer.content.decode()


def test_only_the_last_ten_searches_are_kept(carla_client, two_pharmacies):
    first = search(carla_client, ANNA)["Location"]
    for number in range(KEPT_SEARCHES):
        search(carla_client, f"nessuno{number}@example.it")

    assert "Questa ricerca non c’è più" in carla_client.get(first).content.decode()


def test_a_codice_fiscale_typed_in_the_url_by_hand_leaves_it(carla_client, two_pharmacies):
    answer = carla_client.get(f"{STATUS}?cerca={ANNA}&stato=tutte")

    assert answer.status_code == 302
    assert re.fullmatch(rf"{STATUS}\?stato=tutte&chiave=[0-9a-f]{{16}}", answer["Location"])


def test_an_ordinary_search_has_a_short_address_that_can_be_sent_to_a_colleague(carla_client, db):
    assert search(carla_client, "san marco", stato="", provincia="")["Location"] == f"{STATUS}?cerca=san+marco"
    assert search(carla_client, "", stato="")["Location"] == STATUS


def test_a_search_that_is_too_long_is_told_at_once(carla_client, db):
    answer = search(carla_client, "a" * 500)

    assert answer.status_code == 400
    assert "Scrivi al massimo 80 caratteri" in words(answer.content.decode())


def test_a_former_titolare_finds_nothing(carla_client, two_pharmacies, san_marco):
    san_marco.offices.update(until=NOW - timedelta(days=1))

    assert rows(carla_client.get(search(carla_client, ANNA)["Location"]).content.decode()) == []


def test_a_search_finds_nobody_outside_the_territory(operator, two_pharmacies, san_marco):
    san_marco.region_code = "041"
    san_marco.save()
    client = operator("lettura", limited_to=["042"])

    assert rows(client.get(search(client, ANNA)["Location"]).content.decode()) == []
