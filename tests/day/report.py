"""Writes the report of a day: Markdown, JSON and three pictures."""

import json
from collections import Counter
from pathlib import Path
from statistics import quantiles
from typing import Any

from tests.day import pictures, refusing_relay, shape

HALF_AN_HOUR = 1800
SIX_HOURS = 24  # quarters of an hour; earlier reminders count in the same column
TOO_LATE = "too late"  # sessions.models.Reminder.Skip
NEARLY = 0.9  # share of the planned requests per second that are for ids; the others are for codes


def verdicts(found: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """Returns the criteria of the day as (criterion, measured value, reached)."""
    limit = 0 if found["to_break"] else found["limit"]
    results = [
        *_lived(found),
        ("letters lost", str(found["lost"]), found["lost"] == 0),
        ("reminders after the end of their id", str(found["reminders_after_expiry"]), found["reminders_after_expiry"] == 0),
        ("letters sent after they had become useless", str(found["after_their_sense"]), found["after_their_sense"] == 0),
        ("letters without a row in the outbox", str(found["unknown"]), found["unknown"] == 0),
    ]  # fmt: skip
    doubled = found["doubled"] - found["doubled_unheard"]
    results.append(("doubled although the portal read the server's answer", str(doubled), doubled == 0))
    if refusing_relay.KIND in found["to_break"]:
        results.append(("letters refused because of the sender", f"{found['about_us']:,}", found["about_us"] > 0))
    results.append(("working addresses taken for dead", f"{found.get('marked', 0):,}", not found.get("marked")))
    if limit:
        peak, rate = found["peak"], found["rate"]
        unsaid = found["reminders_skipped"].get(TOO_LATE, 0)
        results.append(("reminders too late to send", f"{unsaid:,}", unsaid == 0))
        results.append(("ids requested per second at the peak", f"{peak:.0f} of {rate:g}", peak >= NEARLY * rate))
    for whose in ("id", "code") if limit else ():
        p99 = found[f"{whose}_seconds"].get("p99", float("inf"))
        results.append((f"letter of {whose}s taken by the server, p99", f"{p99:.2f} s (limit {limit:g})", p99 < limit))
    return results


def _lived(found: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """Returns the criteria that the day really took place: without requests nothing can be lost."""
    requested, planned = found["promised"] + found["not_promised"], found["planned"]
    results = [
        ("ids requested", f"{requested:,} of {planned['ask']:,}", requested >= planned["ask"] and found["promised"] > 0),
        ("codes requested", f"{found['codes']:,} of {planned['certify']:,}", found["codes"] >= planned["certify"]),
        ("reminders sent", f"{found['reminders']:,}", found["reminders"] > 0),
    ]  # fmt: skip
    if found["to_break"]:
        broken = {what for _, what in found["sabotage"]}
        measured = f"{len(broken)} kinds of {len(found['to_break'])}"
        results.append(("things broken", measured, broken >= set(found["to_break"])))
    return results


def write(found: dict[str, Any], folder: Path) -> Path:
    """Writes the report into the folder and returns the path of the Markdown page."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in _pictures(found).items():
        (folder / name).write_text(picture, encoding="utf-8")
    kept = {key: value for key, value in found.items() if key not in ("pictures", "samples")}
    (folder / "day.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    page = folder / "day.md"
    page.write_text(_page(kept), encoding="utf-8")
    return page


def _page(found: dict[str, Any]) -> str:
    rows = [
        ("pharmacies", f"{found['pharmacies']:,}"),
        ("ids requested", f"{found['promised']:,} in {found['real_seconds']:.0f} real seconds, {found['peak']:.0f} a second at the peak"),
        ("codes requested", f"{found['codes']:,}"),
        ("ids not promised: the mailbox had refused a letter", f"{found['not_promised']:,}"),
        ("letters due", f"{found['letters']:,} ({', '.join(f'{count:,} {kind}' for kind, count in sorted(found['by_kind'].items()))})"),
        ("sent", f"{found['arrived']:,}"),
        ("refused by the mailbox", f"{found['refused']:,}"),
        ("refused because of the sender, and retried", f"{found.get('about_us', 0):,}"),
        ("withdrawn because no longer true", f"{found['withdrawn']:,}"),
        ("given up, and reported", f"{found['given_up']:,}"),
        ("lost", f"{found['lost']:,}"),
        ("doubled, because the server's answer was lost", f"{found['doubled_unheard']:,}"),
        ("doubled otherwise", f"{found['doubled'] - found['doubled_unheard']:,}"),
        ("reminders sent", f"{found['reminders']:,}, of which {found['reminders_late']:,} more than a minute late"),
        ("reminders not needed", ", ".join(f"{count:,} {why}" for why, count in sorted(found["reminders_skipped"].items()) if why != TOO_LATE) or "none"),
        ("reminders too late to send", f"{found['reminders_skipped'].get(TOO_LATE, 0):,}"),
        ("from the request of an id to the server's answer", _spread(found["id_seconds"])),
        ("from the request of a code to the server's answer", _spread(found["code_seconds"])),
        ("from a reminder's time to the server's answer", _spread(found["reminder_seconds"])),
        ("a request itself", _spread(found["request_seconds"])),
        ("a request begins after its time", _spread(found["begins_late"])),
        ("load of the machine at the beginning and at the end", found["load"]),
    ]  # fmt: skip
    lines = ["# A day of Italy", "", f"{found['title']}", "", "| | |", "|---|---|"]
    lines += [f"| {what} | {words} |" for what, words in rows]
    lines += ["", "| to reach | measured | |", "|---|---|---|"]
    lines += [f"| {what} | {words} | {'reached' if well else '**missed**'} |" for what, words, well in verdicts(found)]
    if found["sabotage"]:
        acts = Counter(what for _, what in found["sabotage"])
        lines += [
            "",
            "What was broken: " + ", ".join(f"{what} {count} ×" for what, count in sorted(acts.items())) + ".",
        ]
    lines += ["", "To be explained:", "", *(f"- {words}" for words in found["suspects"])] if found["suspects"] else []
    for name, words in (
        ("depth", "Letters that wait"),
        ("delay", "Delay of the ids"),
        ("ahead", "Reminders before the end"),
    ):
        lines += ["", f"![{words}]({name}.svg)"]
    return "\n".join(lines) + "\n"


def _minutes(quarter: int) -> str:
    """Returns the label of a column; only every second column has one."""
    return "" if quarter % 2 else f"{quarter * 15}{'+' if quarter == SIX_HOURS else ''}"


def _spread(seconds: dict[str, float]) -> str:
    return ", ".join(f"{part} {value:.2f} s" for part, value in seconds.items()) or "none"


def _pictures(found: dict[str, Any]) -> dict[str, str]:
    begins, hours = shape.BEGINS.timestamp(), range(0, 25, 2)
    samples = found["samples"]
    depth = {
        "letters that wait": [(at, letters) for at, letters, _ in samples],
        "reminders due": [(at, reminders) for at, _, reminders in samples],
    }
    halves: dict[int, list[float]] = {}
    for at, seconds in found["pictures"]["ids"]:
        halves.setdefault(int(at - begins) // HALF_AN_HOUR, []).append(seconds)
    delay: dict[str, list[tuple[float, float]]] = {"p50": [], "p99": []}
    for number, seconds in sorted(halves.items()):
        if len(seconds) < 2:
            continue
        cut = quantiles(seconds, n=100, method="inclusive")
        for name, value in (("p50", cut[49]), ("p99", cut[98])):
            delay[name].append((begins + (number + 0.5) * HALF_AN_HOUR, value))
    ahead = Counter(min(int(minutes // 15), SIX_HOURS) for minutes in found["pictures"]["ahead"])
    first, last = min([0, *ahead]), max([4, *ahead])
    columns = [(_minutes(number), ahead[number]) for number in range(first, last + 1)]
    return {
        "depth.svg": pictures.over_the_day("Queue over the day", "hour of the day", depth, hours, begins),
        "delay.svg": pictures.over_the_day(
            "Delay of an id’s letter, real seconds", "hour of the day", delay, hours, begins
        ),
        "ahead.svg": pictures.columns("Reminders, minutes before the end of the id", "minutes before", columns),
    }
