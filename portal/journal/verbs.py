"""Renders lines of the journal in plain Italian. Each app registers the sentences of its verbs when it starts."""

from collections.abc import Mapping
from typing import Any

_WORDS: dict[str, str] = {}


def register(words: Mapping[str, str]) -> None:
    """Adds `verb: sentence` pairs. The sentence follows the actor's name and may quote the detail: `… {address}`.

    `{noun|farmacia}` has a default, for the lines that were written before the detail was.     sentence() appends a `because` of the detail that the sentence does not quote.
    """
    _WORDS.update(words)


def known_verbs() -> list[str]:
    """Every registered verb."""
    return sorted(_WORDS)


def sentence(verb: str, detail: Mapping[str, Any]) -> str:
    """The sentence of an act. Raises nothing for an unregistered verb or a missing detail."""
    words = _WORDS.get(verb)
    if words is None:
        return f"ha registrato un’operazione ({verb})"
    if detail.get("because") and "{because}" not in words:
        words += ". Motivo: {because}"
    return words.format_map(_OrDots(detail))


class _OrDots(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        name, has_default, default = key.partition("|")
        return str(self.get(name, default)) if has_default else "…"
