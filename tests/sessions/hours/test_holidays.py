"""The holidays that close a pharmacy: national ones, and the patron of the comuni that the library knows."""

import os
import subprocess
import sys
from datetime import date

import pytest

from sessions.hours.holidays import holidays_of

YEAR = (date(2027, 1, 1), date(2027, 12, 31))
NATIONAL = {
    date(2027, 1, 1): "Capodanno",
    date(2027, 1, 6): "Epifania",
    date(2027, 3, 28): "Pasqua",
    date(2027, 3, 29): "Lunedì dell’Angelo",
    date(2027, 4, 25): "Anniversario della Liberazione",
    date(2027, 5, 1): "Festa del Lavoro",
    date(2027, 6, 2): "Festa della Repubblica",
    date(2027, 8, 15): "Assunzione della Beata Vergine Maria",
    date(2027, 10, 4): "Festa nazionale di San Francesco d’Assisi, patrono d’Italia",
    date(2027, 11, 1): "Ognissanti",
    date(2027, 12, 8): "Immacolata Concezione",
    date(2027, 12, 25): "Natale",
    date(2027, 12, 26): "Santo Stefano",
}


@pytest.mark.parametrize(
    ("province", "comune"),
    [
        ("", ""),
        ("XX", "Trento"),  # no such province
        ("TN", "ROVERETO"),  # its patron is not that of Trento
        ("MS", "Carrara"),
        ("BT", "Bisceglie"),
        ("OT", "Olbia"),  # the provinces of Sardinia before 2016 and since 2025
        ("OG", "Lanusei"),
        ("VS", "Sanluri"),
        ("CI", "Iglesias"),
    ],
)
def test_a_place_without_a_known_patron_has_the_national_holidays(province, comune) -> None:
    assert holidays_of(province, comune, *YEAR) == NATIONAL


@pytest.mark.parametrize(
    ("province", "comune", "day", "name"),
    [
        ("TN", "TRENTO", date(2027, 6, 26), "San Vigilio"),
        ("mi", "Milano", date(2027, 12, 7), "Sant’Ambrogio"),
        ("RM", "Roma", date(2027, 6, 29), "Santi Pietro e Paolo"),
        ("AQ", "L'AQUILA", date(2027, 6, 10), "San Massimo d’Aveia"),
        ("BZ", "Merano", date(2027, 5, 17), "Lunedì di Pentecoste"),
        ("FC", "FORLI'", date(2027, 2, 4), "Madonna del Fuoco"),
        ("FC", "Cesena", date(2027, 6, 24), "San Giovanni Battista"),
        ("PU", "Urbino", date(2027, 6, 1), "San Crescentino"),
        ("BT", "Andria", date(2027, 9, 19), "San Riccardo di Andria"),
        ("MB", "Monza", date(2027, 6, 24), "San Giovanni Battista"),
        ("VB", "Verbania", date(2027, 5, 8), "San Vittore il Moro"),
        ("RE", "REGGIO NELL'EMILIA", date(2027, 11, 24), "San Prospero Vescovo"),
        ("RC", "Reggio di Calabria", date(2027, 4, 23), "San Giorgio"),
    ],
)
def test_the_patron_is_a_holiday_in_its_comune(province, comune, day, name) -> None:
    assert holidays_of(province, comune, *YEAR) == NATIONAL | {day: name}


def test_a_patron_on_a_national_holiday_keeps_the_national_name() -> None:
    assert holidays_of("MS", "Massa", *YEAR) == NATIONAL


@pytest.mark.parametrize(("year", "easter_monday"), [(2026, date(2026, 4, 6)), (2028, date(2028, 4, 17))])
def test_every_year_has_its_easter_and_the_fourth_of_october(year, easter_monday) -> None:
    found = holidays_of("TN", "Trento", date(year, 1, 1), date(year, 12, 31))
    assert found[easter_monday] == "Lunedì dell’Angelo"
    assert date(year, 10, 4) in found
    assert len(found) == 14
    assert not any("unità nazionale" in name for name in found.values())


def test_the_days_are_those_between_the_two_in_order() -> None:
    found = holidays_of("TN", "Trento", date(2026, 12, 25), date(2027, 1, 6))
    assert list(found.values()) == ["Natale", "Santo Stefano", "Capodanno", "Epifania"]


def test_a_web_process_loads_neither_the_library_nor_what_only_a_worker_needs_of_redis() -> None:
    code = (
        "import sys, types; sys.modules['portal.wsgi'] = types.ModuleType('portal.wsgi'); import django; django.setup();"
        "import sessions.gate.views, portal.urls; print(*{'holidays', 'kombu.transport.redis'} & {*sys.modules})"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "portal.settings"}
    found = subprocess.run([sys.executable, "-c", code], check=False, env=environment, timeout=60, capture_output=True)
    assert (found.returncode, found.stdout.strip()) == (0, b"")
