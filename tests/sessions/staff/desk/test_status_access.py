"""Access to the staff's pages."""

from urllib.parse import quote

import pytest
from django.test import Client

from tests.sessions.staff.conftest import STATUS

PAGES = [STATUS, f"{STATUS}4512/"]


@pytest.mark.parametrize("page", PAGES)
def test_nobody_is_sent_to_the_staff_login_and_will_come_back(client, san_marco, page):
    response = client.get(page)

    assert response.status_code == 302
    assert response["Location"].startswith("/operatori/accesso/?next=")


@pytest.mark.parametrize("page", PAGES)
def test_a_titolare_is_not_let_in(anna_client, page):
    assert anna_client.get(page).status_code == 403


@pytest.mark.parametrize("page", PAGES)
def test_dario_is_not_let_in(dario_client, san_marco, page):
    assert dario_client.get(page).status_code == 403


@pytest.mark.parametrize("page", PAGES)
def test_staff_without_the_second_factor_are_not_let_in(carla, san_marco, page):
    client = Client()
    client.force_login(carla, backend="portal.identity.backends.StaffBackend")

    assert client.get(page).status_code in (302, 403)


@pytest.mark.parametrize("page", PAGES)
def test_staff_with_the_second_factor_come_in(carla_client, san_marco, page):
    assert carla_client.get(page).status_code == 200


def test_a_pharmacy_that_does_not_exist_is_not_found(carla_client):
    assert carla_client.get(f"{STATUS}9999/").status_code == 404


# --- the door


def test_the_door_of_the_staff_leads_to_the_login_and_then_to_the_list(client, operator):
    door = "/operatori/"
    assert client.get(door, follow=True).redirect_chain[-1][0] == f"/operatori/accesso/?next={quote(STATUS, safe='')}"
    assert operator("lettura").get(door, follow=True).redirect_chain == [(STATUS, 302)]


def test_the_door_of_the_staff_is_closed_to_a_person_of_a_pharmacy(anna_client):
    assert anna_client.get("/operatori/", follow=True).status_code == 403


# --- the territory


@pytest.mark.parametrize(
    ("limited_to", "answer"),
    [
        ([], 200),
        (["042"], 200),
        (["010"], 404),
        (["042-001"], 200),
        (["042-002"], 404),
        (["010-001"], 404),
        (["010", "042-001"], 200),
    ],
)
def test_a_pharmacy_outside_the_territory_does_not_exist(operator, san_marco, utenza, limited_to, answer):
    """San Marco is in Trento (042) and its utenza says ASL 001."""
    assert operator("lettura", limited_to=limited_to).get(f"{STATUS}4512/").status_code == answer


def test_two_utenze_in_the_same_asl_are_still_one_pharmacy(operator, san_marco, utenza):
    utenza.pk, utenza.user_id = None, "UVANNA02"
    utenza.save()
    assert operator("lettura", limited_to=["042-001"]).get(f"{STATUS}4512/").status_code == 200
