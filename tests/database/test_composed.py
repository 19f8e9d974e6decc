"""A precompiled statement reads and writes the same as the ORM's, also after a Django upgrade: it relies on Django's compiler."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction
from django.forms.models import model_to_dict

from pharmacies.models import Pharmacy, Utenza
from portal.database.composed import Composed, insert, insert_missing

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 23, 7, 58, tzinfo=UTC)


def another(pharmacy: Pharmacy, user_id: str) -> Utenza:
    return Utenza(
        pharmacy=pharmacy, user_id=user_id, codice_fiscale="BNCBRN75B12F205N", created_at=AT, password_changed_at=AT
    )


def test_it_finds_the_same_rows_with_what_they_hang_on_and_asks_nothing_more(utenza, django_assert_num_queries):
    by_key = Composed(lambda pk: Utenza.objects.filter(pk=pk).select_related("pharmacy").defer("password"))
    assert by_key.first(utenza.pk + 1_000_000) is None  # compiled with this key, run again with another
    with django_assert_num_queries(1):
        found = by_key.first(utenza.pk)
        assert (found.user_id, found.pharmacy.name) == (utenza.user_id, utenza.pharmacy.name)
    assert found.get_deferred_fields() == {"password"}
    assert model_to_dict(found) == model_to_dict(utenza)
    assert found.created_at == Utenza.objects.get(pk=utenza.pk).created_at


def test_what_is_inserted_is_what_save_would_have_written(san_marco):
    ours, theirs = another(san_marco, "UNO"), another(san_marco, "DUE")
    insert(ours)
    theirs.save(force_insert=True)
    left, right = (model_to_dict(Utenza.objects.get(pk=each.pk), exclude=["id", "user_id"]) for each in (ours, theirs))
    assert left == right
    ours.codice_asl = "001"
    ours.save()  # marked as saved
    assert Utenza.objects.filter(user_id="UNO").count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(another(san_marco, "UNO"))


def test_only_what_is_missing_is_inserted(san_marco):
    insert_missing([])
    insert_missing([another(san_marco, "UNO"), another(san_marco, "DUE")])
    insert_missing([another(san_marco, "DUE"), another(san_marco, "TRE")])
    assert set(Utenza.objects.filter(user_id__in=["UNO", "DUE", "TRE"]).values_list("user_id", flat=True)) == {
        "UNO", "DUE", "TRE",
    }  # fmt: skip
    assert Utenza.objects.filter(user_id="DUE").count() == 1
