"""The accepted inputs for hours and nights on duty, and the message for each mistake."""

from datetime import date

import pytest

from sessions.hours.nights import read_nights
from sessions.hours.week import UnclearHours, Week, read_day, write_day

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("typed", "understood"),
    [
        ("9–13, 15:30–19:30", "9–13, 15:30–19:30"),
        ("9-13 15.30-19.30", "9–13, 15:30–19:30"),
        ("dalle 9 alle 13 e dalle 15:30 alle 19:30", "9–13, 15:30–19:30"),
        ("15:30 - 19:30, 09:00 - 13:00", "9–13, 15:30–19:30"),
        ("9–13, 13–19", "9–19"),
        ("8.30-20", "8:30–20"),
        ("8:30/12:30", "8:30–12:30"),
        ("8:30/12:30 15:30/19:30", "8:30–12:30, 15:30–19:30"),
        ("9-13/15:30-19:30", "9–13, 15:30–19:30"),
        ("8,30-12,30", "8:30–12:30"),
        ("8,30-12,30,15,30-19,30", "8:30–12:30, 15:30–19:30"),
        ("8,30/12,30 - 15,30/19,30", None),  # from when to when?
        ("9-13,15-19", "9–13, 15–19"),
        ("830-1230", "8:30–12:30"),
        ("830/1230, 1530/1930", "8:30–12:30, 15:30–19:30"),
        ("24 ore", "24 ore"),
        ("H24", "24 ore"),
        ("0–24", "24 ore"),
        ("20–24", "20–24"),
        ("", ""),
        ("Chiuso", ""),
    ],
)
def test_hours_are_understood_as_people_write_them(typed, understood) -> None:
    if understood is None:
        with pytest.raises(UnclearHours):
            read_day(typed)
    else:
        assert write_day(read_day(typed)) == understood


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("9–13, 12–19", "Gli orari 9–13 e 12–19 si sovrappongono"),
        (
            "13–9",
            "la chiusura viene prima dell’apertura. Se chiudi dopo mezzanotte, scrivi 13–24 qui e 0–9 nel giorno dopo",
        ),
        ("20-0", "scrivi 20–24 qui e niente nel giorno dopo"),
        ("9–9", "apertura e chiusura coincidono: se non chiudi mai, scrivi 24 ore"),
        ("9–25", "«25» non è un’ora"),
        ("9–24:30", "«24:30» non è un’ora"),
        ("9:75–13", "«9:75» non è un’ora"),
        ("9–13, 15", "Non capisco «15»"),
        ("mattina", "Non capisco «mattina»: scrivi ad esempio 9–13, 15:30–19:30"),
        ("1–2, 3–4, 5–6, 7–8, 9–10", "più di 4 orari"),
    ],
)
def test_hours_that_make_no_sense_are_refused_with_what_to_write_instead(typed, sentence) -> None:
    with pytest.raises(UnclearHours) as refused:
        read_day(typed)
    assert sentence in str(refused.value)


def test_neighbouring_days_with_the_same_hours_are_said_together() -> None:
    working, morning = read_day("9–13, 15:30–19:30"), read_day("9–13")
    week = Week((working,) * 5 + (morning, ()))
    assert week.lines() == [("da lunedì a venerdì", "9–13, 15:30–19:30"), ("sabato", "9–13"), ("domenica", "chiuso")]
    assert Week.load(week.dump()) == week


@pytest.mark.parametrize(
    ("typed", "nights"),
    [
        ("24/12/2026\n31/12/2026", [date(2026, 12, 24), date(2026, 12, 31)]),
        ("24/12, 2/1", [date(2026, 12, 24), date(2027, 1, 2)]),
        ("giovedì 24 dicembre", [date(2026, 12, 24)]),
        ("dal 30/12 al 2/1/2027", [date(2026, 12, 30), date(2026, 12, 31), date(2027, 1, 1), date(2027, 1, 2)]),
        ("2026-12-24; 24.12.26", [date(2026, 12, 24)]),
        ("22/11/2026", [date(2026, 11, 22)]),  # last night's duty may still run
        ("", []),
    ],
)
def test_nights_are_understood_as_people_paste_them(typed, nights) -> None:
    assert read_nights(typed, TODAY) == nights


def test_the_leap_day_exists_when_it_does() -> None:
    assert read_nights("29/2", date(2027, 12, 1)) == [date(2028, 2, 29)]
    with pytest.raises(UnclearHours, match="«29/2/2027» non esiste sul calendario"):
        read_nights("29/2/2027", TODAY)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("domani", "Non capisco la data «domani»: scrivi ad esempio 24/12/2026"),
        ("24/13/2026", "Non capisco la data"),
        ("1/11/2026", "è già passata: toglila"),
        ("24/12/2029", "è troppo lontana"),
        ("26/12/2026 al 20/12/2026", "la seconda data viene prima della prima"),
        ("1/12 al 2/12 al 3/12", "scrivi una data per riga"),
        ("24/11/2026 al 20/8/2027", "sono più di 120 notti"),
    ],
)
def test_nights_that_make_no_sense_are_refused_with_a_sentence(typed, sentence) -> None:
    with pytest.raises(UnclearHours) as refused:
        read_nights(typed, TODAY)
    assert sentence in str(refused.value)
