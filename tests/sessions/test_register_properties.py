"""For any sequence of files and days, no pharmacy closes without proof, and a reopening restores all that a closing suspended."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
import time_machine
from django.core.management import CommandError
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pharmacies.models import Pharmacy
from sessions.ids import forgetting, issuing
from sessions.models import IdSessione, State
from tests.pharmacies.register.register_files import NOW, TODAY, importing, row

CODES = [str(code) for code in range(1, 111)]
WATCHED = CODES[-1]
DAY = timedelta(days=1)


@dataclass(frozen=True)
class File:
    """One reading, so many days after the previous one."""

    after: int
    how: str  # whole, cut (in a row), short (between rows), doubled, empty
    has_it: bool
    ends: int | None  # days from the day of the reading

    def text(self, day: date) -> str:
        ends = "-" if self.ends is None else f"{day + self.ends * DAY:%d/%m/%Y}"
        rows = [row(code) for code in CODES[:-1]] + [row(WATCHED, ends=ends)] * self.has_it
        if self.how == "short":
            rows = rows[-100:]
        if self.how == "doubled":
            rows = rows * 2
        if self.how == "empty":
            rows = []
        return "\n".join([TODAY, *rows]) + ("\n900;-;Via" if self.how == "cut" else "\n")

    @property
    def is_whole(self) -> bool:
        return self.how in ("whole", "doubled")


FILES = st.builds(
    File,
    after=st.integers(0, 2),
    how=st.sampled_from(["whole", "whole", "cut", "short", "doubled", "empty"]),
    has_it=st.booleans(),
    ends=st.one_of(st.none(), st.none(), st.integers(-5, 5)),
)


class Proofs:
    """The proofs that the files give about the watched pharmacy, computed without the code under test."""

    def __init__(self) -> None:
        self.last_day: date | None = None  # of activity, from the last whole file that lists it
        self.silent: set[date] = set()  # dates of whole files without it since the last file that listed it

    def hear(self, file: File, day: date) -> None:
        if file.how == "empty":
            return
        if file.has_it:
            self.silent = set()
            if file.is_whole:
                self.last_day = None if file.ends is None else day + file.ends * DAY
        elif file.is_whole:
            self.silent.add(day)

    def allow_closed(self, day: date) -> bool:
        return len(self.silent) >= 3 or (self.last_day is not None and self.last_day < day)


@pytest.mark.processes
@pytest.mark.django_db
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12, deadline=None)
@given(files=st.lists(FILES, min_size=1, max_size=6))
def test_no_sequence_of_files_closes_a_pharmacy_without_proof(tmp_path_factory, files):
    path = tmp_path_factory.mktemp("register") / "register.csv"
    now, proofs = NOW, Proofs()
    with transaction.atomic():
        read(path, File(0, "whole", has_it=True, ends=None), now)
        for file in files:
            now += file.after * DAY
            day = now.date()
            proofs.hear(file, day)
            read(path, file, now)
            still_open = Pharmacy.objects.open_on(day)
            assert still_open.exclude(code=WATCHED).count() == len(CODES) - 1
            assert still_open.filter(code=WATCHED).exists() or proofs.allow_closed(day), files
        read(path, File(0, "whole", has_it=True, ends=None), now)
        assert Pharmacy.objects.open_on(now.date()).count() == len(CODES)
        transaction.set_rollback(True)


@pytest.mark.processes
@pytest.mark.django_db
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=5, deadline=None)
@given(files=st.lists(FILES, max_size=5))
def test_after_a_reopening_what_was_within_its_hours_lives_again(tmp_path_factory, files, certified, utenza, context):
    path = tmp_path_factory.mktemp("register") / "register.csv"
    with transaction.atomic():
        Pharmacy.objects.filter(code="4512").update(code=WATCHED)
        issuing.issue(utenza, context, NOW)
        for file in [*files, File(0, "whole", has_it=True, ends=-1), File(0, "whole", has_it=True, ends=None)]:
            read(path, file, NOW)
            forgetting.forget_dead(NOW + timedelta(minutes=1))
        found = IdSessione.objects.with_facts().get()
        assert found.state(NOW + timedelta(hours=1)) is State.VALIDATO
        assert found.sealed is not None
        transaction.set_rollback(True)


def read(path, file: File, now) -> None:
    path.write_text(file.text(now.date()), encoding="utf-8")
    with time_machine.travel(now, tick=False):
        try:
            importing(path)
        except CommandError as refused:
            assert refused.returncode == (1 if file.how == "empty" else 3), str(refused)  # noqa: PT017
