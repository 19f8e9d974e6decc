"""`manage.py up` on a server's database: checks the database before it writes to it."""

import pytest
from django.core.management import call_command
from django.db import connection

from portal.demo.management.commands import up
from portal.demo.supervisor import CannotStart
from portal.identity.models import User

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor == "sqlite", reason="the embedded database is the demonstration's"),
]


def test_a_database_with_real_people_is_refused_before_anything_starts():
    User.objects.create_staff("oriana", "una password lunga")
    with pytest.raises(CannotStart, match="contiene già dei dati"):
        up._must_be_ours()


def test_an_empty_one_and_its_own_are_taken():
    up._must_be_ours()
    call_command("seed_demo", verbosity=0)
    up._must_be_ours()
    assert connection.vendor == "postgresql"
