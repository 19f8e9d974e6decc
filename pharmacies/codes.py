"""The code of a site: how registers, files and people write it, and how the portal stores it.

Both registers of the Ministry count from 1. So the code of a pharmacy is its number, that of a parafarmacia has a P before it.
"""

import re

PARAFARMACIA_PREFIX = "P"
LONGEST = 10  # characters: the column of Pharmacy
_OF_A_PARAFARMACIA = re.compile(rf"{PARAFARMACIA_PREFIX}[ .-]?0*([0-9]{{1,{LONGEST - 1}}})", re.IGNORECASE)
_OF_A_PHARMACY = re.compile(rf"[0-9A-Za-z]{{1,{LONGEST}}}")


def stored_code(text: str) -> str:
    """Returns the code as the portal stores it; "" when the text is no code.

    Leading zeros go, because some extracts lack them: `007` is `7`, `p 0020001` is `P20001`.
    """
    of_a_parafarmacia = _OF_A_PARAFARMACIA.fullmatch(text)
    if of_a_parafarmacia:
        return PARAFARMACIA_PREFIX + of_a_parafarmacia[1]
    return text.lstrip("0").upper() or "0" if _OF_A_PHARMACY.fullmatch(text) else ""


def parafarmacia_code(number: str) -> str:
    """Returns the stored code of the parafarmacia with this codice identificativo sito (`20001`); "" when it is no number."""
    code = stored_code(number)
    if code.isdigit():
        code = stored_code(PARAFARMACIA_PREFIX + code)
    return code if names_a_parafarmacia(code) else ""


def typed_codes(text: str) -> list[str]:
    """Returns the stored codes that a person may mean, that of a pharmacy first: `20001` is also the parafarmacia P20001."""
    code = stored_code(text.strip())
    return [found for found in dict.fromkeys((code, parafarmacia_code(code))) if found]


def names_a_parafarmacia(code: str) -> bool:
    """True for a stored code that only the register of parafarmacie gives."""
    return _OF_A_PARAFARMACIA.fullmatch(code) is not None


def or_a_parafarmacia(code: str) -> str:
    """Returns the end of a sentence about a number that no pharmacy has in a file: a parafarmacia is written with its P."""
    return f" (a parafarmacia is written {PARAFARMACIA_PREFIX}{code})" if code.isdigit() else ""
