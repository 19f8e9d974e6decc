"""The six letters of a codice fiscale that come from the names. Source: DM 23 December 1976."""

import unicodedata

VOWELS = "AEIOU"


def letters_of(family_name: str, given_name: str) -> str:
    """Returns the first six characters that these names give: `RSSNNA` for Rossi, Anna."""
    family_consonants, family_vowels = _split(family_name)
    given_consonants, given_vowels = _split(given_name)
    if len(given_consonants) > 3:
        given_consonants = given_consonants[0] + given_consonants[2:4]
    return _three(family_consonants, family_vowels) + _three(given_consonants, given_vowels)


def fits(codice_fiscale: str, family_name: str, given_name: str) -> bool:
    """False when both names are known and their letters differ from the letters of the code."""
    return not (family_name and given_name) or codice_fiscale[:6] == letters_of(family_name, given_name)


def _split(name: str) -> tuple[str, str]:
    plain = unicodedata.normalize("NFKD", name.upper())
    letters = [letter for letter in plain if "A" <= letter <= "Z"]
    return "".join(x for x in letters if x not in VOWELS), "".join(x for x in letters if x in VOWELS)


def _three(consonants: str, vowels: str) -> str:
    return (consonants + vowels)[:3].ljust(3, "X")
