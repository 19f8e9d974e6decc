"""The desk's counts and lists keep to the chosen place; a pharmacy's ASL follows the accounts it uses."""

from datetime import timedelta

import pytest

from pharmacies.models import Utenza
from sessions.models import Reminder
from tests.conftest import make_pharmacy
from tests.sessions.staff.conftest import NOW, STATUS, rows, utenza_of, words

HOUR = timedelta(hours=1)


@pytest.fixture
def elsewhere(give_id):
    """A pharmacy of Torino with an utenza blocked by an anomaly and a reminder that is late."""
    pharmacy = make_pharmacy("900", "Torino", region_code="010", region="PIEMONTE", province="TO", comune="TORINO")
    row = give_id(pharmacy, HOUR)
    Utenza.objects.filter(pharmacy=pharmacy).update(codice_regione="010", codice_asl="204")
    utenza_of(pharmacy).block(None, "troppi indirizzi", NOW)
    Reminder.objects.create(id_sessione=row, pharmacy=pharmacy, minutes_before=120, due_at=NOW - HOUR)
    return pharmacy


@pytest.mark.parametrize("place", ["regione=010", "provincia=TO", "asl=010-204", ""])
def test_what_to_follow_is_of_the_chosen_place(page, elsewhere, place):
    text = words(page(place))
    assert "Un promemoria non è ancora partito" in text
    assert "Torino" in text


@pytest.mark.parametrize("place", ["regione=042", "provincia=TN"])
def test_what_to_follow_elsewhere_is_left_out(page, elsewhere, give_id, place):
    give_id(name="Trento")
    text = words(page(place))
    assert "Un promemoria" not in text
    assert "Torino" not in text


def test_an_account_disabled_by_its_pharmacy_names_no_asl(operator, give_id):
    moved = make_pharmacy("901", "Traslocata", region_code="010")
    give_id(moved)
    Utenza.objects.filter(pharmacy=moved).update(codice_regione="010", codice_asl="204", disabled_at=NOW - 900 * HOUR)
    utenza = utenza_of(moved)
    utenza.pk, utenza.user_id, utenza.codice_asl, utenza.disabled_at = None, "UVNUOVA", "301", None
    utenza.save()
    before, after = operator("lettura", limited_to=["010-204"]), operator("lettura", limited_to=["010-301"])
    assert before.get(f"{STATUS}901/").status_code == 404
    assert after.get(f"{STATUS}901/").status_code == 200
    assert "204 ·" not in before.get(STATUS).content.decode()


def test_the_last_page_says_how_many_there_are(page, give_id):
    for number in range(28):
        give_id(name=f"Dolomiti {number:02d}")
    first = page("cerca=dolomiti")
    assert "28 farmacie" in words(first)
    after = first.split("dopo=")[1].split('"')[0].split("&")[0]
    last = page(f"cerca=dolomiti&dopo={after}")
    assert len(rows(last)) == 3
    assert "28 farmacie" in words(last)
