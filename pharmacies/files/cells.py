"""The cells of a row in a file of the administrations, and the error of a row that cannot be imported."""

import re


class BrokenRow(Exception):
    """The row cannot be imported; `str()` is the reason, `code` the pharmacy's code, "" when it cannot be read."""

    def __init__(self, reason: str, code: str = "") -> None:
        super().__init__(reason)
        self.code = code


def code_of(cell: str) -> str:
    """Returns the pharmacy's code without leading zeros, which some extracts lack; "" when the cell holds no code."""
    value = tidy(cell)
    if not re.fullmatch(r"[0-9A-Za-z]{1,10}", value):
        return ""
    return value.lstrip("0").upper() or "0"


def letters(header: str) -> str:
    """Returns the ASCII letters and digits of the text, in lower case."""
    return re.sub(r"[^a-z0-9]", "", header.lower())


def tidy(cell: str) -> str:
    """Collapses spaces, removes surrounding quotes, and returns "" for the dash that means empty."""
    value = " ".join(cell.split())
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = " ".join(value[1:-1].replace('""', '"').split())
    return "" if value in ("-", "--", "NULL", "null") else value
