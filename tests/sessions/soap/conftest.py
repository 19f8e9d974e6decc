"""Anna's gestionale, with its certificate and the certified address of her pharmacy."""

from datetime import timedelta

import pytest
from django.utils import timezone

from sessions.credentials import certificates
from sessions.models import PincodeCertificate
from tests.sessions.soap.calls import Gestionale, gestionale

_MADE: dict[str, object] = {}  # generating a key takes a quarter of a second: done once


@pytest.fixture
def certificate(db) -> PincodeCertificate:
    """The certificate for the encryption of the pincode."""
    if not _MADE:
        row = certificates.make(timezone.now(), days=400)
        _MADE.update({name: getattr(row, name) for name in ("serial", "certificate", "sealed_key", "valid_until")})
        row.delete()
    at = timezone.now() - timedelta(days=1)
    certificates.forget()  # keys of earlier tests
    return PincodeCertificate.objects.create(**_MADE, valid_from=at, created_at=at)


@pytest.fixture
def gest(utenza, certified, certificate) -> Gestionale:
    return gestionale(utenza)
