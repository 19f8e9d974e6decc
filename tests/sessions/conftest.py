"""Fixtures shared by the tests of the ID-SESSIONE."""

from datetime import UTC, datetime

import pytest

from pharmacies.models import Pharmacy, Utenza
from sessions.credentials import certificates
from sessions.models import Context, PincodeCertificate
from tests.identity.counting_hasher import CountingHasher

MORNING = datetime(2026, 11, 23, 7, 58, tzinfo=UTC)  # 08:58 in Italy: an id issued now ends at 00:58


@pytest.fixture
def context(db) -> Context:
    """Overlap, 16 hours: the usual one."""
    return Context.objects.get_or_create(
        contesto="RICETTA-DEM", applicazione="EROGATORE", defaults={"title": "Ricetta elettronica SSN"}
    )[0]


@pytest.fixture
def replacing(db) -> Context:
    """Replace, 10 hours."""
    return Context.objects.create(contesto="TOKEN-SAR", applicazione="EROGATORE", hours=10, policy="replace")


def make_utenza(user_id: str, pharmacy: Pharmacy) -> Utenza:
    return Utenza.objects.create(
        pharmacy=pharmacy, user_id=user_id, codice_fiscale="BNCBRN75B12F205N", codice_regione="042", codice_asl="001",
        codice_ssa="045120", created_at=MORNING, password_changed_at=MORNING,
    )  # fmt: skip


@pytest.fixture
def hashes(settings) -> list[str]:
    settings.PASSWORD_HASHERS = ["tests.identity.counting_hasher.CountingHasher"]
    CountingHasher.worked.clear()
    return CountingHasher.worked


@pytest.fixture
def anna_s(hashes, utenza):
    utenza.set_pincode("1729594276")
    utenza.save()
    hashes.clear()
    return utenza


@pytest.fixture
def certificate(db) -> PincodeCertificate:
    return certificates.make(MORNING)
