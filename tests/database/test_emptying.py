"""A test with real transactions leaves the tables as the migrations did: each of these tests would find another's rows."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType

from pharmacies.models import Pharmacy
from portal.identity.models import User
from portal.identity.roles import StaffRole
from portal.journal.models import Entry
from portal.outbox.models import OutgoingMail
from sessions.ids import issuing
from sessions.models import Context, IdSessione
from tests.sessions.conftest import MORNING


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("time", ["first", "second"])
def test_rows_of_the_test_before_are_gone_and_shipped_rows_are_there(time, request) -> None:
    assert [model for model in (Pharmacy, User, IdSessione, OutgoingMail, Entry) if model.objects.exists()] == []
    assert set(Group.objects.values_list("name", flat=True)) == set(StaffRole.values)
    assert Context.objects.exists()
    assert Group.objects.filter(permissions__isnull=False).exists()
    assert ContentType.objects.get_for_model(Pharmacy).pk
    assert Permission.objects.count() > 100
    utenza, context = request.getfixturevalue("utenza"), Context.objects.first()
    request.getfixturevalue("certified")
    Context.objects.update(title="cambiato")
    Group.objects.all().delete()
    issuing.issue(utenza, context, MORNING)
    assert Entry.objects.exists()
