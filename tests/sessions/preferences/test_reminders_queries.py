"""«Avvisi e promemoria» makes the same queries whatever the number of ids, utenze, duties and closures."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from sessions.hours.week import Week
from sessions.ids import issuing
from sessions.models import Context
from sessions.reminders import days, planning
from tests.conftest import sign_in
from tests.sessions.conftest import MORNING, make_utenza

PAGE = "/servizi/4512/avvisi/"


@pytest.mark.parametrize("many", [False, True])
def test_at_most_twelve_queries(
    many, anna, san_marco, certified, utenza, context, django_assert_max_num_queries
) -> None:
    with time_machine.travel(MORNING, tick=False):
        client = sign_in(Client(), anna)
        planning.set_hours(san_marco, Week((((510, 1200),),) * 7), anna, MORNING)
        for number in range(5 if many else 1):
            one = make_utenza(f"U{number}", san_marco)
            for kind in Context.objects.for_pharmacies().open_to_new().askable_by(san_marco):
                issuing.issue(one, kind, MORNING, anna)
            day = MORNING.date() + timedelta(days=2 * number + 3)
            days.add_closure(san_marco, day, day, anna, MORNING)
            days.add_day_duties(san_marco, [day], ((600, 720),), anna, MORNING)
        client.get(PAGE)
        with django_assert_max_num_queries(12):
            assert client.get(PAGE).status_code == 200
