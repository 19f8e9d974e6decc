"""The form of a new utenza, submitted twice."""

from datetime import timedelta
from functools import partial

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from pharmacies.models import Utenza
from tests.conftest import ANNA, sign_in
from tests.parallel import in_parallel
from tests.sessions.utenze.test_pages import GOOD, new_utenza, news, shown_pincode, url


def test_the_same_form_sent_twice_makes_one_utenza_and_its_pincode_is_still_shown(anna_client, certified) -> None:
    fields = {
        "codice_fiscale": ANNA, "codice_regione": "042", "codice_asl": "001", "codice_ssa": "45120", "password": GOOD,
        "ripeti": GOOD,
    }  # fmt: skip
    first, second = anna_client.post(url("new"), fields), anna_client.post(url("new"), fields)
    assert first["Location"] == second["Location"] == url("pincode_shown", Utenza.objects.get())
    assert Utenza.objects.get().check_pincode(shown_pincode(anna_client.get(second["Location"])))
    assert len(news()) == 1
    new_utenza(anna_client, password="un’altra cassa, un’altra parola", ripeti="un’altra cassa, un’altra parola")
    assert Utenza.objects.count() == 2
    with time_machine.travel(timezone.now() + timedelta(seconds=61), tick=False):
        new_utenza(anna_client)
    assert Utenza.objects.count() == 3


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_clicks_at_once_make_one_utenza(anna, certified) -> None:
    acts = [partial(new_utenza, sign_in(Client(), anna)) for _ in range(2)]
    in_parallel(acts)
    assert Utenza.objects.count() == 1
