"""The portal as a person meets it: letters leave by SMTP and arrive in the demo mailbox."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from portal.demo.mailbox_server import serve
from portal.outbox.sending.delivery import deliver_due
from tests.outbox.sink import free_port


@pytest.fixture
def post_round(settings, django_db_serialized_rollback, transactional_db) -> Callable[[], int]:
    """Runs one delivery round to the mailbox's SMTP server. Returns how many letters were accepted."""
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    server = serve(settings.EMAIL_PORT)
    yield lambda: deliver_due(timezone.now())
    server.stop()
