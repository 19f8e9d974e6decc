from datetime import timedelta
from pathlib import Path
from zlib import crc32

import pytest
from django.db import transaction
from django.utils import timezone

from pharmacies.models import MailCertification, Pharmacy
from portal.outbox.letters import Envelope, post
from portal.outbox.models import OutgoingMail
from tests.outbox.mailboxes import H
from tests.outbox.sink import Sink


@pytest.fixture(autouse=True)
def _letters_of_the_tests(settings) -> None:
    own = Path(__file__).parent / "templates"
    engine = settings.TEMPLATES[0]
    settings.TEMPLATES = [{**engine, "DIRS": [*engine["DIRS"], own]}]


@pytest.fixture
def sink(settings):
    with Sink() as sink:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_TIMEOUT = 5
        yield sink


@pytest.fixture
def write(db):
    """Posts a letter about Anna's pharmacy, in a transaction of its own."""

    def write(recipient="idsessione@farmaciasanmarco.it", *, useful_for=timedelta(minutes=15), now=None, **context):
        now = now or timezone.now()
        envelope = Envelope(OutgoingMail.Kind.CODE, "4512", now, now + useful_for, secret=True)
        with transaction.atomic():
            return post(envelope, recipient, "trial", {"name": "Anna", "code": "914203", **context})

    return write


@pytest.fixture
def write_kind(db):
    """The same, with a kind and an expiry."""

    def write(kind, recipient="id@farmacia.it", *, created=None, useful_for=timedelta(hours=1)):
        now = created or timezone.now()
        with transaction.atomic():
            return post(Envelope(kind, "4512", now, now + useful_for), recipient, "trial", {"name": "Anna"})

    return write


@pytest.fixture
def many(anna):
    """Pharmacies with a certified address for each."""

    def many(count, domain="uguale.example"):
        made = []
        for number in range(count):
            at = domain if "@" not in domain else domain.partition("@")[2].format(number)
            address = f"farmacia{number}@{at}"
            pharmacy = Pharmacy.objects.create(
                code=f"8{crc32(at.encode()) % 10_000:04}{number:03}", name=f"Farmacia {number}", comune="Torino", type=1
            )
            made.append(MailCertification.objects.create(
                pharmacy=pharmacy, address=address, address_key=address, requested_by=anna, requested_at=timezone.now() - 10 * H,
                certified_at=timezone.now() - 9 * H, certified_by=anna,
            ))  # fmt: skip
        return made

    return many
