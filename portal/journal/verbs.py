"""The journal in plain Italian: each app registers the words of its verbs when it starts."""

from collections.abc import Mapping
from typing import Any

_WORDS: dict[str, str] = {}


def register(words: Mapping[str, str]) -> None:
    """Adds `verb: sentence` pairs. The sentence follows the name of who did it and may quote the detail: `… {address}`.

    A `because` in the detail that the sentence does not quote is added at its end.
    """
    _WORDS.update(words)


def known_verbs() -> list[str]:
    """Every verb that has words."""
    return sorted(_WORDS)


def sentence(verb: str, detail: Mapping[str, Any]) -> str:
    """What was done, in words; a verb that nobody registered, or a detail that is missing, never breaks the page."""
    words = _WORDS.get(verb)
    if words is None:
        return f"ha registrato un’operazione ({verb})"
    if detail.get("because") and "{because}" not in words:
        words += ". Motivo: {because}"
    return words.format_map(_OrDots(detail))


class _OrDots(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"
