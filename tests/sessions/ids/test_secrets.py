"""The id in clear is in its letter and on the page of the person who asked to see it, nowhere else."""

import logging

import pytest
from django.apps import apps

from portal.secrets.sealing import unseal
from sessions.ids import issuing, resending, revealing, using
from sessions.models import IdSessione
from sessions.reminders import sending
from tests.sessions.conftest import MORNING


def everything_stored() -> str:
    """Every value of every row of every table, as text."""
    return "\n".join(
        str(bytes(value) if isinstance(value, (memoryview, bytes)) else value)
        for model in apps.get_models()
        for row in model.objects.all().values_list()
        for value in row
    )


@pytest.fixture
def lived(anna, utenza, certified, context, caplog) -> issuing.Issued:
    """An id that has been through every act."""
    with caplog.at_level(logging.DEBUG):
        issued = issuing.issue(utenza, context, MORNING)
        revealing.reveal(issued.id_sessione, anna, MORNING)
        using.use(issued.id_sessione, MORNING)
        resending.resend(issued.id_sessione, anna, MORNING.replace(hour=9))
        sending.send_due(MORNING.replace(hour=23))
    return issued


def test_the_database_holds_no_id_in_clear(lived) -> None:
    stored = everything_stored()
    assert lived.plain[-4:] in stored
    assert lived.plain not in stored
    assert lived.plain.replace("-", "") not in stored
    assert unseal(IdSessione.objects.get().sealed).decode() == lived.plain


def test_no_log_line_repeats_an_id_or_an_address(lived, caplog) -> None:
    messages = [record.getMessage() for record in caplog.records if not record.name.startswith("django.db")]
    assert not [line for line in messages if lived.plain in line or "idsessione@" in line]
