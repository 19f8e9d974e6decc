"""The list's refresh: sent only when something changed, counted once for many operators."""

import re
from datetime import timedelta

import pytest
import time_machine

from pharmacies.models import Pharmacy
from sessions.staff.lists.counters import counts
from tests.conftest import make_pharmacy
from tests.sessions.staff.conftest import NOW, STATUS, counter, rows

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


@pytest.fixture
def again(carla_client):
    """again(etag): the request of the page's script."""

    def get(etag: str = "", query: str = ""):
        headers = {"X-Frammento": "1", **({"If-None-Match": etag} if etag else {})}
        return carla_client.get(f"{STATUS}?{query}", headers=headers)

    return get


def test_a_page_in_which_nothing_changed_is_not_sent_again(again, give_id):
    give_id()
    first = again()

    second = again(first["ETag"])
    give_id(left=HOUR / 2)
    third = again(first["ETag"])

    assert (first.status_code, second.status_code, third.status_code) == (200, 304, 200)
    assert second.content == b""
    assert third["ETag"] != first["ETag"]


def test_only_what_changes_is_sent_again(again, give_id):
    give_id(name="Dolomiti")
    html = again().content.decode()

    assert re.findall(r'<div id="([a-z]+)" data-live>', html) == ["adesso", "elenco"]
    assert len(rows(html)) == 1
    assert "<form" not in html
    assert "csrf" not in html
    assert "14:32:10" not in html  # otherwise no two pages would be equal


def test_the_filters_hold_when_it_is_asked_for_again(again, give_id):
    give_id(name="Dolomiti")
    give_id(name="Mazzini")

    assert [row.split()[1] for row in rows(again(query="cerca=mazz").content.decode())] == ["Mazzini"]


def test_it_is_kept_nowhere(again, give_id):
    assert "no-store" in again()["Cache-Control"]


@pytest.mark.parametrize(
    ("requested", "header"), [("60", "60"), ("5", "5"), ("1", None), ("9999", None), ("x", None), ("", None)]
)
def test_without_script_the_page_reloads_itself_when_asked_to(carla_client, db, requested, header):
    assert carla_client.get(f"{STATUS}?auto={requested}").get("Refresh") == header


def test_without_script_there_is_a_way_to_ask_for_it_and_to_stop_it(carla_client, db):
    assert 'href="?stato=attive&amp;auto=60"' in carla_client.get(f"{STATUS}?stato=attive").content.decode()
    assert 'href="?stato=attive">ferma' in carla_client.get(f"{STATUS}?stato=attive&auto=60").content.decode()


def test_all_counters_come_from_one_query(give_id, django_assert_num_queries):
    give_id()
    pharmacies = Pharmacy.objects.all()

    with django_assert_num_queries(1):
        counts(pharmacies, NOW)


def test_counters_are_counted_once_for_all_operators_of_a_place_for_ten_seconds(
    carla_client, operator, give_id, settings
):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "counted"}}
    settings.DESK_KEPT_FOR = 10 * SECOND
    other, elsewhere = operator("lettura"), operator("lettura", limited_to=["041"])

    def live(client, seconds: int) -> int:
        with time_machine.travel(NOW + seconds * SECOND, tick=False):
            return counter(client.get(STATUS).content.decode(), "Attive")

    give_id()
    assert live(carla_client, 0) == 1
    give_id(make_pharmacy("77", "Mazzini", region_code="041"))

    assert live(other, 9) == 1
    assert live(elsewhere, 9) == 1
    assert live(other, 11) == 2
