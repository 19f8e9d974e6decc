"""One spelling for words that are looked for: `FORLI'`, `Forlì` and `forli` are the same, `Sant’Anna` has either apostrophe."""

import re
import unicodedata

_APOSTROPHES = re.compile(r"['’‘‛ʼ`´′＇]")  # for an accent or an elision: nothing is left of them
_APART = re.compile(r"[\W_]+")


def folded(text: str) -> str:
    """Small letters and digits, one space between words: no accents, apostrophes or other signs. Folding again changes nothing."""
    plain = _APOSTROPHES.sub("", text)
    if not plain.isascii():
        apart = unicodedata.normalize("NFKD", plain.casefold())
        plain = _APOSTROPHES.sub("", "".join(c for c in apart if not unicodedata.combining(c)))
    return _APART.sub(" ", plain.casefold()).strip()
