"""The spellings of a comune's name: with and without accents, apostrophes, hyphens, the second language."""

import re
import unicodedata

ANY = "?"  # the letter that a wrong encoding has destroyed in the register: MUGGI? for MUGGIO'


def words_of(name: str) -> list[str]:
    """Returns the words in capitals without accents. The apostrophe that stands for an accent is dropped."""
    plain = "".join(mark for mark in unicodedata.normalize("NFKD", name.upper()) if not unicodedata.combining(mark))
    return re.findall(rf"[A-Z0-9{ANY}]+", plain.replace("\ufffd", ANY))


def key_of(name: str) -> str:
    """Returns one key for the spellings that differ in accents, apostrophes, hyphens and spaces: SAN REMO, SANREMO."""
    return "".join(words_of(name))


def loose_key_of(name: str) -> str:
    """Returns one key for the spellings that differ in J and I or in doubled letters, too: IESOLO, JESOLO."""
    return re.sub(r"(.)\1+", r"\1", key_of(name).replace("J", "I"))
