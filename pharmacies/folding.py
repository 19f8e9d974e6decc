"""Folds words for search: `FORLI'`, `Forlì` and `forli` are the same; both apostrophes of `Sant’Anna` match."""

import re
import unicodedata

_APOSTROPHES = re.compile(r"['’‘‛ʼ`´′＇]")  # used as an accent or for an elision: removed
_APART = re.compile(r"[\W_]+")


def folded(text: str) -> str:
    """Returns lower-case letters and digits with single spaces, without accents, apostrophes or other signs. Idempotent."""
    plain = _APOSTROPHES.sub("", text)
    if not plain.isascii():
        apart = unicodedata.normalize("NFKD", plain.casefold())
        plain = _APOSTROPHES.sub("", "".join(c for c in apart if not unicodedata.combining(c)))
    return _APART.sub(" ", plain.casefold()).strip()
