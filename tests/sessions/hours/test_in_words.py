"""The sentence about the letters to come says each day and each reason once; the hour that comes twice has its name."""

from functools import partial

from portal.time.clock import date_in_words, italian_moment, italian_time, moment_in_words, relative_day
from sessions.hours.in_words import Spoken, said_once, sentence
from tests.sessions.hours.test_reminder_rule import rome

NOW = rome("2026-11-30 09:00")


def said(*letters: Spoken) -> str:
    return sentence(said_once(letters, partial(relative_day, now=NOW)))


def test_a_day_is_said_once() -> None:
    letters = [Spoken(rome(f"2026-11-30 {hour}")) for hour in ("10:30", "16:44", "17:14")]
    assert sentence(said_once(letters, date_in_words)) == "lunedì 30 novembre 2026 alle 10:30, alle 16:44 e alle 17:14"


def test_a_reason_is_said_once() -> None:
    before = "prima della chiusura"
    assert said(Spoken(rome("2026-11-30 10:30"), before), Spoken(rome("2026-11-30 12:00"), before)) == (
        "oggi alle 10:30 e alle 12:00, prima della chiusura"
    )


def test_different_reasons_and_days_are_said_apart() -> None:
    letters = [
        Spoken(rome("2026-11-30 15:30"), "alla riapertura dopo la pausa"),
        Spoken(rome("2026-11-30 16:44")),
        Spoken(rome("2026-12-01 09:00"), "all’apertura", "per dirti che è scaduto"),
    ]
    assert said(*letters) == (
        "oggi alle 15:30, alla riapertura dopo la pausa, alle 16:44 e domani alle 09:00, all’apertura (per dirti che è scaduto)"
    )


def test_what_is_due_has_no_hour() -> None:
    assert said(Spoken(NOW, instead="tra poco"), Spoken(rome("2026-11-30 10:00"))) == "tra poco e oggi alle 10:00"


def test_the_hour_that_comes_twice_has_its_name() -> None:
    first = rome("2026-10-25 02:30")
    second = first.replace(hour=first.hour + 1)
    assert [italian_time(first), italian_time(second)] == ["02:30 (ora legale)", "02:30 (ora solare)"]
    assert italian_moment(second) == "02:30 (ora solare) di domenica 25 ottobre 2026"
    assert moment_in_words(first, first) == "oggi alle 02:30 (ora legale)"
    assert italian_time(rome("2026-10-25 03:00")) == "03:00"
    assert italian_time(rome("2027-03-28 03:00")) == "03:00"
