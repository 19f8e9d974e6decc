"""Which offices are in force: dates, roles, and delegations when the last holder leaves."""

from datetime import UTC, datetime, timedelta

import pytest

from pharmacies.models import MAY_CERTIFY, Office

CODE = "RSSNNA80A41H501L"
ELENA = "MROLNE90P48G224U"
DAY = timedelta(days=1)
Role = Office.Role


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 30, 9, tzinfo=UTC)


@pytest.fixture
def hold(san_marco, now):
    def make(code: str, role: str, since: int = -10, until: int | None = None) -> Office:
        """An office of San Marco; days from now."""
        return Office.objects.create(
            pharmacy=san_marco, codice_fiscale=code, role=role, since=now + since * DAY,
            until=None if until is None else now + until * DAY,
        )  # fmt: skip

    return make


def held(now, code=ELENA, *, days: int = 0) -> list[str]:
    return [office.role for office in Office.objects.held_by(code, now + days * DAY)]


@pytest.mark.parametrize("role", Role.values)
def test_every_role_but_delegate_may_certify(role, hold):
    assert hold(CODE, role).may_certify is (role in MAY_CERTIFY) is (role != Role.DELEGATE)


def test_an_office_is_in_force_from_its_first_instant_to_its_last(hold, now):
    hold(CODE, Role.TITOLARE, since=0, until=5)
    assert [held(now, CODE, days=day) for day in (-1, 0, 4, 5)] == [[], ["titolare"], ["titolare"], []]


def test_a_delegation_lasts_thirty_days_without_a_holder(hold, now, settings):
    hold(CODE, Role.DIRETTORE, until=1)
    hold(ELENA, Role.DELEGATE)
    days = settings.SUCCESSION_FOR.days
    assert [bool(held(now, days=day)) for day in (0, 1, days, days + 1, days + 2)] == [True, True, True, False, False]


def test_a_delegation_passes_to_another_holder(hold, now):
    hold(CODE, Role.DIRETTORE, until=1)
    hold(ELENA, Role.DELEGATE)
    hold("BNCBRN75B12F205N", Role.TITOLARE, since=20)
    assert held(now, days=300) == ["delegate"]


def test_a_delegate_of_an_administration_that_names_no_holder_works(hold, now):
    hold(ELENA, Role.DELEGATE)
    assert held(now) == ["delegate"]


def test_a_holder_who_has_not_begun_yet_takes_no_delegation_away(hold, now):
    hold(ELENA, Role.DELEGATE)
    hold(CODE, Role.TITOLARE, since=3)
    assert held(now) == held(now, days=3) == ["delegate"]


def test_a_holder_who_has_not_begun_yet_does_not_keep_the_delegation_of_one_who_left(hold, now, settings):
    hold(ELENA, Role.DELEGATE, since=-90)
    hold("BNCBRN75B12F205N", Role.DIRETTORE, since=-90, until=-settings.SUCCESSION_FOR.days - 1)
    hold(CODE, Role.TITOLARE, since=3)
    assert held(now) == []
    assert held(now, days=3) == ["delegate"]
