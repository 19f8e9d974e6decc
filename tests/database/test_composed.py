"""A precompiled statement reads and writes the same as the ORM's, also after a Django upgrade: it relies on Django's compiler."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import DateTimeField, Value
from django.db.models.functions import Coalesce
from django.forms.models import model_to_dict

from pharmacies.models import Office, Utenza
from pharmacies.models.office import under_a_holder
from portal.database.composed import Composed
from portal.time.clock import ROME

pytestmark = pytest.mark.django_db


def test_it_finds_the_same_rows_with_what_they_hang_on_and_asks_nothing_more(utenza, django_assert_num_queries):
    by_key = Composed(lambda pk: Utenza.objects.filter(pk=pk).select_related("pharmacy").defer("password"))
    assert by_key.first(utenza.pk + 1_000_000) is None  # compiled with this key, run again with another
    with django_assert_num_queries(1):
        found = by_key.first(utenza.pk)
        assert (found.user_id, found.pharmacy.name) == (utenza.user_id, utenza.pharmacy.name)
    assert found.get_deferred_fields() == {"password"}
    assert model_to_dict(found) == model_to_dict(utenza)
    assert found.created_at == Utenza.objects.get(pk=utenza.pk).created_at


NOW = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)  # 0:30 of the 29th in Italy, two hours before the clocks change
INSTANTS = [NOW, NOW + timedelta(days=200, hours=1), NOW - timedelta(days=400)]


@pytest.mark.parametrize("now", INSTANTS)
def test_what_is_computed_from_an_instant_is_computed_at_each_run(now, san_marco, anna, settings):
    settings.SUCCESSION_FOR = timedelta(days=30)
    held = Composed(Office.objects.held_by)
    held.all(anna.codice_fiscale, NOW)
    office = Office.objects.get(codice_fiscale=anna.codice_fiscale)
    for left in (None, now, now + timedelta(microseconds=1)):
        for closed_on in (None, now.astimezone(ROME).date(), now.astimezone(ROME).date() + timedelta(days=1)):
            Office.objects.filter(pk=office.pk).update(until=left)
            san_marco.closed_on = closed_on
            san_marco.save()
            expected = list(Office.objects.held_by(anna.codice_fiscale, now))
            assert held.all(anna.codice_fiscale, now) == expected
            assert bool(expected) is (left != now and closed_on != now.astimezone(ROME).date())
            assert held.all("RSSNNA80A41H501X", now) == []


def test_a_changed_setting_is_read_again(san_marco, anna, settings):
    working = Composed(lambda now: Office.objects.filter(under_a_holder(now)))
    Office.objects.filter(codice_fiscale=anna.codice_fiscale).update(until=NOW - timedelta(days=20))
    for days, found in ((10, 0), (30, 1)):
        settings.SUCCESSION_FOR = timedelta(days=days)
        assert len(working.all(NOW)) == found


def test_an_annotation_is_set(utenza):
    dated = Composed(
        lambda pk, now: Utenza.objects.filter(pk=pk).annotate(
            since=Coalesce(Value(now - timedelta(days=1), output_field=DateTimeField()), "created_at")
        )
    )
    for now in INSTANTS:
        assert dated.first(utenza.pk, now).since == now - timedelta(days=1)
