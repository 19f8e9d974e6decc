"""Reads the query string of the gate: the contexts that the dispensing service serves, and the form of a refusal.

`contesto=A&applicazione=B&contesto=C…`: an applicazione belongs to the contesto before it. `come=soap` asks for a SOAP Fault in
the body of a refusal, `come=soap-500` for the same with the status that SOAP clients read (docs/contract.md, section 7).
"""

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import parse_qsl

CONTEXTS_AT_MOST = 20


class GateQuery(NamedTuple):
    """The contexts in the order of the query string, at least one: ("", "") when they are malformed, which no id has."""

    contexts: tuple[tuple[str, str], ...] = (("", ""),)
    is_soap: bool = False
    refused_as_500: bool = False


@lru_cache(maxsize=64)  # a proxy sends the same few query strings
def parse(query: str) -> GateQuery:
    """Parses a query string. Raises nothing: malformed contexts are none, so that no id passes."""
    pairs = parse_qsl(query, keep_blank_values=True)
    forms = [value for name, value in pairs if name == "come"]
    form = forms[0] if len(forms) == 1 else ""
    contexts = _contexts([pair for pair in pairs if pair[0] in ("contesto", "applicazione")])
    return GateQuery(contexts or (("", ""),), form in ("soap", "soap-500"), form == "soap-500")


def _contexts(pairs: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Each contesto with its applicazione, "" without one. Empty when one has two, or when a value holds a NUL."""
    if len(pairs) > 2 * CONTEXTS_AT_MOST or any("\0" in value for _, value in pairs):
        return ()
    if [name for name, _ in pairs] == ["applicazione", "contesto"]:
        pairs.reverse()
    contexts: list[tuple[str, str | None]] = []
    for name, value in pairs:
        if name == "contesto":
            contexts.append((value, None))
        elif contexts and contexts[-1][1] is None:
            contexts[-1] = (contexts[-1][0], value)
        else:
            return ()
    return tuple((contesto, applicazione or "") for contesto, applicazione in contexts)
