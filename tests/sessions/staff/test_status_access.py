"""Who may see the pages of the staff."""

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
