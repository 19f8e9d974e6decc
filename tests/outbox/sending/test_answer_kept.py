"""A server's acceptance is never lost: the letter must not leave again because our database was away."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from portal.outbox.models import OutgoingMail
from portal.outbox.sending.delivery import deliver_due


class Away:
    """The database fails the first `times` attempts to record the answer."""

    def __init__(self, times: int) -> None:
        self.times = times

    def __call__(self, execute, sql, params, many, context):
        if sql.startswith("update") and "accepted_at = " in sql and self.times:
            self.times -= 1
            raise OperationalError("server closed the connection unexpectedly")
        return execute(sql, params, many, context)


@pytest.mark.django_db(transaction=True)
def test_a_database_that_comes_back_learns_what_the_server_said(write, sink):
    write()
    away = Away(2)
    with connection.execute_wrapper(away):
        assert deliver_due(timezone.now()) == 1
    assert away.times == 0
    assert OutgoingMail.objects.get().accepted_at is not None
    assert len(sink.letters) == 1


@pytest.mark.django_db(transaction=True)
def test_one_that_stays_away_is_waited_for_as_long_as_nobody_else_may_take_the_letter(write, sink, settings):
    settings.OUTBOX_LEASE = timedelta(seconds=1)
    settings.EMAIL_TIMEOUT = 0.2
    write()
    with connection.execute_wrapper(Away(1000)), pytest.raises(OperationalError):
        deliver_due(timezone.now())
    assert len(sink.letters) == 1
