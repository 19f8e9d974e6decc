"""Checks the tool's report: by itself the tool counts a crash of the portal, or a run without any check, as success."""

import re
from dataclasses import dataclass, field
from typing import Any

PROFILES = {"spid-sp-public": 111, "cie-sp-public": 109}  # responses that must have been sent (1.2.18)
_LEAST = {"metadata": 75, "authnrequest": 40}  # fewest checks that must have run in each of the other two categories
_STATUS = re.compile(r"http status_code: (\d{3})")


@dataclass
class Verdict:
    """The number of checks run in each category, and the faults, a sentence each."""

    profile: str
    executed: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        run = ", ".join(f"{count} {name}" for name, count in self.executed.items()) or "nothing ran"
        return "\n  ".join([f"{self.profile}: {run}; {len(self.wrong)} wrong", *self.wrong])


def judged(profile: str, report: dict[str, Any]) -> Verdict:
    """Passes when the three categories are there, every response was sent, none failed and none met a 5xx."""
    verdict, found = Verdict(profile), report.get("test", {}).get("sp", {})
    for name, checks in found.items():
        results = list(_results(checks))
        category = name.split("_")[0]
        verdict.executed[category] = verdict.executed.get(category, 0) + len(results)
        for result in results:
            verdict.wrong += _what_is_wrong(category, result)
    for category, least in _LEAST.items():
        if verdict.executed.get(category, 0) < least:
            verdict.wrong.append(f"{category}: {verdict.executed.get(category, 0)} checks, at least {least} expected")
    sent = len(
        {result.get("test_id") for name, checks in found.items() if name == "response" for result in _results(checks)}
    )
    if sent != PROFILES[profile]:
        verdict.wrong.append(f"response: {sent} answers sent, {PROFILES[profile]} expected")
    return verdict


def _what_is_wrong(category: str, result: dict[str, Any]) -> list[str]:
    value = str(result.get("value", ""))
    status = _STATUS.search(value)
    if category == "response" and (status is None or status[1].startswith("5")):
        return [f"{result.get('test')}: {value or 'no status'}"]
    return [] if result.get("result") == "success" else [f"{result.get('test')}: {value}"]


def _results(node: Any) -> Any:
    """Every single result, at whatever depth of the report."""
    if isinstance(node, dict) and "result" in node and "test" in node:
        yield node
    elif isinstance(node, dict):
        for child in node.values():
            yield from _results(child)
    elif isinstance(node, list):
        for child in node:
            yield from _results(child)
