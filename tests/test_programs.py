"""A missing program skips its tests on a developer's machine and fails them in the continuous integration."""

from pathlib import Path

import pytest

from tests.programs import skipped_without

RUN = Path(__file__).resolve().parents[1] / ".ci/run"


@pytest.mark.parametrize(
    ("required", "is_here", "skipped"),
    [(None, False, True), (None, True, False), ("1", False, False), ("1", True, False)],
)
def test_a_missing_program_skips_unless_it_is_required(monkeypatch, required, is_here, skipped):
    monkeypatch.delenv("REQUIRE_PROGRAMS", raising=False)
    if required is not None:
        monkeypatch.setenv("REQUIRE_PROGRAMS", required)
    assert skipped_without(is_here, "no such program").mark.args == (skipped,)


def test_the_continuous_integration_requires_them_all():
    written = RUN.read_text(encoding="utf-8")
    assert "export REQUIRE_PROGRAMS=1" in written
    assert "make proxies clients" in written
    assert "make test-clients" in written
    for package in ("php-soap", "libsoap-lite-perl", "libgsoap-dev"):
        assert package in written
