"""The cells of a row in a file of the administrations, and the error of a row that cannot be imported."""

import re

from pharmacies.codes import stored_code


class BrokenRow(Exception):
    """The row cannot be imported; `str()` is the reason, `code` the pharmacy's code, "" when it cannot be read."""

    def __init__(self, reason: str, code: str = "") -> None:
        super().__init__(reason)
        self.code = code


def code_of(cell: str) -> str:
    """Returns the code of a pharmacy (`20001`) or parafarmacia (`P20001`) as the portal stores it; "" when it holds none."""
    return stored_code(tidy(cell))


def letters(header: str) -> str:
    """Returns the ASCII letters and digits of the text, in lower case."""
    return re.sub(r"[^a-z0-9]", "", header.lower())


def tidy(cell: str) -> str:
    """Collapses spaces, removes surrounding quotes, and returns "" for the dash that means empty."""
    value = " ".join(cell.split())
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = " ".join(value[1:-1].replace('""', '"').split())
    return "" if value in ("-", "--", "NULL", "null") else value
