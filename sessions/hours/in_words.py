"""Says when letters leave in one sentence, each day and each reason once: `oggi alle 10:30 e alle 12:00, prima della pausa`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext as _

from portal.time.clock import ROME, italian_time


@dataclass(frozen=True)
class Spoken:
    """One letter: its instant (UTC), why then (words that follow the time), a note in brackets, words instead of the time."""

    at: datetime
    why: str = ""
    note: str = ""
    instead: str = ""


@dataclass(frozen=True)
class Piece:
    """A part of the sentence, in its order: `joint` (`, ` or ` e `), `time` (`oggi alle 10:30`), then `rest`."""

    joint: str
    time: str
    rest: str


def said_once(letters: Sequence[Spoken], day_in_words: Callable[[date], str]) -> list[Piece]:
    """The pieces of the sentence about these letters, the first to leave first."""
    pieces: list[Piece] = []
    day_before: date | None = None
    for number, letter in enumerate(letters):
        day = letter.at.astimezone(ROME).date()
        after = letters[number + 1] if number + 1 < len(letters) else None
        time = letter.instead or _("alle %(time)s") % {"time": italian_time(letter.at)}
        if day != day_before and not letter.instead:
            time, day_before = f"{day_in_words(day)} {time}", day
        is_same = after is not None and after.why == letter.why and not letter.note
        rest = (f", {letter.why}" if letter.why and not is_same else "") + (f" ({letter.note})" if letter.note else "")
        joint = ""
        if pieces:
            joint = ", " if after is not None else ", e " if ", " in pieces[-1].rest else " e "
        pieces.append(Piece(joint, time, rest))
    return pieces


def sentence(pieces: Sequence[Piece]) -> str:
    """The pieces as plain text."""
    return "".join(f"{piece.joint}{piece.time}{piece.rest}" for piece in pieces)
