"""A person who is signed in loses the pharmacy at the next page after the midnight (Rome) that ends the office."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from pharmacies.models import Office
from pharmacies.people import offices
from tests.conftest import ANNA, sign_in

SECOND = timedelta(seconds=1)
MIDNIGHTS = {
    "in winter": datetime(2026, 11, 30, 23, tzinfo=UTC),
    "in summer": datetime(2026, 7, 31, 22, tzinfo=UTC),
    "before the clocks go forward": datetime(2026, 3, 28, 23, tzinfo=UTC),
    "after the clocks went forward": datetime(2026, 3, 29, 22, tzinfo=UTC),
    "before the clocks go back": datetime(2026, 10, 24, 22, tzinfo=UTC),
    "after the clocks went back": datetime(2026, 10, 25, 23, tzinfo=UTC),
}


@pytest.mark.parametrize("night", MIDNIGHTS)
def test_the_pharmacy_is_gone_at_midnight_and_the_other_stays(night, anna, san_marco, al_redentore) -> None:
    midnight = MIDNIGHTS[night]
    offices.give(al_redentore, ANNA, "direttore", since=midnight - timedelta(days=9), source="desk", now=midnight)
    office = Office.objects.get(pharmacy=san_marco)
    with time_machine.travel(midnight - 60 * SECOND, tick=False) as clock:
        client = sign_in(Client(), anna, at=midnight - 60 * SECOND)
        offices.end(office, midnight, because="", now=midnight - 60 * SECOND)
        clock.move_to(midnight - SECOND)
        assert client.get("/servizi/4512/").status_code == 200
        clock.move_to(midnight)
        assert client.get("/servizi/4512/").status_code == 404
        assert client.get("/servizi/1877/").status_code == 200


def test_an_office_begins_at_its_midnight_for_a_person_who_is_signed_in(dario, san_marco) -> None:
    midnight = MIDNIGHTS["in winter"]
    offices.give(
        san_marco, dario.codice_fiscale, "direttore", since=midnight, source="desk", now=midnight - 60 * SECOND
    )
    with time_machine.travel(midnight - SECOND, tick=False) as clock:
        client = sign_in(Client(), dario, at=midnight - SECOND)
        assert client.get("/servizi/4512/").status_code == 404
        clock.move_to(midnight)
        assert client.get("/servizi/4512/").status_code == 200
