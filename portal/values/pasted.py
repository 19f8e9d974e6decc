"""Reads pasted codes and ID-SESSIONE, the same way on every page and in every service. Leaves other text as it is."""

import re
import unicodedata

PLAIN_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")  # as it is issued: nothing to clean
LONGEST = 400  # characters: an id or a code with the text around it is never longer
# Without white space: an id alone, in braces or quotes, or after its name. Any other text beside it (a second id, another
# scheme) does not match.
_WRITTEN_ID = re.compile(
    r"(?:[\"'{]?[^\W\d][^\d:=]*[:=]|(?:bearer)?(?:id-?sessione|id)?)"
    r"[{(\[<\"'`«“„‘‚]*(?P<id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})[})\]>\"'`»”“’‘]*[.,;]*",
    re.IGNORECASE,
)
_DASHES = dict.fromkeys(map(ord, "\u2212\u2043\u02d7"), "-")  # minus signs; all other dashes are in the category Pd
# invisible characters outside the category Cf: joiners, fillers, variation selectors
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\u20e3") | {chr(code) for code in range(0xFE00, 0xFE10)}
_DIGITS_APART = re.compile(r"\d(?:[\s\-.·]*\d)*")


def visible(text: str) -> str:
    """The text without its invisible and bidirectional characters (U+200B, U+FEFF, U+00AD, U+2066, …)."""
    if text.isascii():
        return text
    return "".join(c for c in text if unicodedata.category(c) != "Cf" and c not in _UNSEEN)


def plain_text(text: str) -> str:
    """The text in NFKC, without invisible characters, with every dash as `-` and the digits of every script as 0 to 9."""
    if text.isascii():
        return text
    seen = unicodedata.normalize("NFKC", visible(text)).translate(_DASHES)
    return "".join(_plain(c) for c in seen)


def _plain(character: str) -> str:
    if character.isascii():
        return character
    if unicodedata.category(character) == "Pd":
        return "-"
    return str(unicodedata.decimal(character, character))


def id_sessione(text: str) -> str:
    """The id as it was issued (lower case, five groups), read from the ways in which people and programs write it.

    It may be in capitals, in braces or quotes, after «ID-SESSIONE:», with any dash, or broken over lines (RFC 9562, section 4).
    Returns any other text unchanged.
    """
    if PLAIN_ID.match(text) or len(text) > LONGEST:
        return text
    found = _WRITTEN_ID.fullmatch("".join(plain_text(text).split()))
    return found["id"].lower() if found else text


def codes_in(text: str, digits: int) -> list[str]:
    """The distinct codes of this many digits in the text, in their order: `il codice è 314469, vale 15 minuti` has one.

    A code is a group of exactly this many digits, or two halves side by side; if there is none, digits with spaces, dashes or
    dots between them.
    """
    runs = [re.findall(r"\d+", run) for run in _DIGITS_APART.findall(plain_text(text[:LONGEST]))]
    whole = [group for run in runs for group in run if len(group) == digits]
    halves = ["".join(run) for run in runs if [len(group) * 2 for group in run] == [digits] * 2]
    apart = [joined for run in runs if len(joined := "".join(run)) == digits]
    return list(dict.fromkeys(whole + halves or apart))


def digits_of(text: str) -> str:
    """The digits of a text that holds only digits and separators; "" for any other text."""
    plain = plain_text(text[:LONGEST]).strip()
    return re.sub(r"\D", "", plain) if _DIGITS_APART.fullmatch(plain) else ""
