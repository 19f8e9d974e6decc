"""An old copy of the signed registry, played again, brings back no key that was withdrawn."""

from datetime import timedelta
from hashlib import sha256

import pytest

from portal.identity.providers.saml import registry
from portal.identity.providers.upkeep import NotTaken, write_reading
from tests.identity.providers.saml import forge
from tests.identity.providers.saml.test_registry import NOW, YEARS, loaded, one, signed, take

pytestmark = pytest.mark.django_db


def with_keys(*names: str) -> bytes:
    return forge.metadata("https://alfa.example", [forge.pair(name, YEARS).certificate for name in names])


def until(days: int) -> dict[str, str]:
    return {"validUntil": (NOW + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")}


def taken_by_the_timetable(body: bytes) -> None:
    write_reading("spid", "https://registro.example/", NOW, take(body))


def test_a_version_that_was_replaced_does_not_come_back() -> None:
    old = signed(with_keys("alfa"), one("beta"))
    take(old)
    take(signed(with_keys("alfa-nuova"), one("beta")))
    with pytest.raises(NotTaken, match="brings back an earlier version"):
        take(old)
    assert registry.RegisteredProvider.objects.current("spid").count() == 2


def test_an_operator_may_take_it_by_its_digest() -> None:
    old = signed(with_keys("alfa"))
    take(old)
    take(signed(with_keys("alfa-nuova")))
    assert take(old, digest=sha256(old).hexdigest()).changed == ["https://alfa.example"]


def test_a_document_that_ends_before_one_taken_already_is_refused() -> None:
    taken_by_the_timetable(signed(one("alfa"), one("beta"), **until(9)))
    with pytest.raises(NotTaken, match="older than one taken already"):
        take(signed(one("alfa"), one("beta"), one("gamma"), **until(8)))
    taken_by_the_timetable(signed(one("alfa"), one("beta"), **until(9)))
    taken_by_the_timetable(signed(one("alfa"), one("beta"), one("delta"), **until(10)))
    assert "https://delta.example" in loaded()


def test_a_document_without_an_end_is_judged_by_its_providers_only() -> None:
    taken_by_the_timetable(signed(one("alfa"), **until(9)))
    taken_by_the_timetable(signed(one("alfa"), one("beta")))
    assert len(loaded()) == 2
