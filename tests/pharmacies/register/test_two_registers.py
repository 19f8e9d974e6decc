"""For any sequence of files of one register, no site of the other changes: no mark, no closing, no reopening, no name."""

from datetime import date, timedelta

import pytest
import time_machine
from django.core.management import CommandError
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pharmacies.models import NationalRegister, Pharmacy, RegisterChange
from portal.journal.models import Entry
from tests.pharmacies.register.register_files import NOW, PARAFARMACIE, TODAY, importing, parafarmacia, row

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
FARMACIE, OTHERS = NationalRegister.FARMACIE, NationalRegister.PARAFARMACIE
MAKE = {FARMACIE: (TODAY, row), OTHERS: (PARAFARMACIE, parafarmacia)}
# as in the register, with zeros, of the other register, of nobody
CODES = st.sampled_from(["1", "2", "3", "4", "01", "P1", "p2", "P 3", "9", "0", "?"])
ENDS = st.sampled_from(["-", "-", "-", "01/11/2026", "31/12/2026", "31/12/9999", "boh"])
ROWS = st.lists(st.tuples(CODES, st.sampled_from(["Uno", "Due"]), ENDS), min_size=1, max_size=6)
FILES = st.lists(
    st.tuples(ROWS, st.sampled_from(["", "\n", "\n1;-;Via", "\n1;-;Via\n"]), st.integers(0, 3)), max_size=4
)


def content(register: NationalRegister, rows, end: str = "\n") -> str:
    header, make = MAKE[register]
    return "\n".join([header, *(make(code, name, ends=ends) for code, name, ends in rows)]) + end


def facts(register: NationalRegister) -> list[tuple]:
    sites = Pharmacy.objects.of_register(register).order_by("pk")
    codes = [site.code for site in sites]
    return [
        *sites.values_list(),
        *RegisterChange.objects.filter(pharmacy__in=sites).values_list(),
        *Entry.objects.filter(about__in=codes).values_list("pk"),
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10, deadline=None)
@given(files=FILES, register=st.sampled_from(list(NationalRegister)))
def test_no_file_of_one_register_changes_a_site_of_the_other(tmp_path_factory, files, register):
    path = tmp_path_factory.mktemp("register") / "register.csv"
    other = FARMACIE if register == OTHERS else OTHERS
    with transaction.atomic():
        for one in NationalRegister:
            # of each register: two open, one to close, one closed long ago
            ends = ["-", "-", "31/12/2026", "01/01/2020"]
            read(path, content(one, [(str(n), "Zero", end) for n, end in enumerate(ends, 1)]), NOW)
        read(path, content(other, [("1", "Zero", "-"), ("3", "Zero", "31/12/2026"), ("4", "Zero", "01/01/2020")]), NOW)
        assert Pharmacy.objects.of_register(other).exclude(absent_since=None).count() == 1
        before, now = facts(other), NOW
        for rows, end, after in files:
            now += after * DAY
            read(path, content(register, rows, end), now)
            assert facts(other) == before
        assert all((site.code[0] == "P") == site.is_parafarmacia for site in Pharmacy.objects.all())
        assert Pharmacy.objects.open_on(date(2026, 12, 1)).filter(code="P1" if other == OTHERS else "1").exists()
        transaction.set_rollback(True)


def read(path, text: str, now) -> None:
    path.write_text(text, encoding="utf-8")
    with time_machine.travel(now, tick=False):
        try:
            importing(path, accept_as_whole="prova")
        except CommandError as refused:
            assert refused.returncode in (1, 3), str(refused)  # noqa: PT017
