"""What an import of the register did, or would do."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from pharmacies.register.rows import Row

BROKEN_KEPT = 1000  # reasons remembered; the others are only counted
EXAMPLES = 3  # codes of pharmacies shown for each kind of doubt
COUNTED = (
    "rows", "pharmacies", "created", "changed", "reopened", "closed", "unchanged", "waiting", "absent", "kept_open",
    "doubtful", "broken",
)  # fmt: skip


@dataclass
class Report:
    """Pharmacies counted once each, rows by line number."""

    rows: int = 0  # after the header
    pharmacies: int = 0  # codes told by good rows
    created: int = 0
    changed: int = 0
    owner_changed: int = 0  # of the changed: another partita IVA under the same code
    reopened: int = 0
    closed: int = 0
    unchanged: int = 0
    waiting: int = 0  # closings too many to be true, that wait for an operator's yes
    absent: int = 0  # open, and not in this whole file
    kept_open: int = 0  # that a file would close and is not whole enough to
    doubts: Counter[str] = field(default_factory=Counter)
    doubtful: int = 0  # pharmacies with at least one doubt
    examples: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    broken: int = 0
    unnamed: int = 0  # of the broken: not even the code can be read
    broken_lines: list[tuple[int, str]] = field(default_factory=list)  # (line number, reason)
    flaw: str = ""  # a word of registry_whole.FLAWS; "" when the file is whole
    accepted_because: str = ""  # why somebody took it for whole all the same

    @property
    def is_whole(self) -> bool:
        return not self.flaw or bool(self.accepted_because)

    def counts(self) -> dict[str, Any]:
        """The numbers for the journal."""
        return {name: getattr(self, name) for name in COUNTED}

    def add_broken(self, line: int, reason: str) -> None:
        self.broken += 1
        if len(self.broken_lines) < BROKEN_KEPT:
            self.broken_lines.append((line, reason))

    def add_doubts(self, row: Row) -> None:
        self.doubtful += bool(row.doubts)
        self.doubts.update(row.doubts)
        for word in row.doubts:
            if len(self.examples[word]) < EXAMPLES:
                self.examples[word].append(row.code)
