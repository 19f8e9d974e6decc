"""A precompiled statement reads and writes the same as the ORM's, also after a Django upgrade: it relies on Django's compiler."""

import pytest
from django.forms.models import model_to_dict

from pharmacies.models import Utenza
from portal.database.composed import Composed

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
