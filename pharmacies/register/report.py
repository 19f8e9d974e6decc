"""The counts and examples of one import of the register."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from pharmacies.models import NationalRegister
from pharmacies.register.rows import RegisterRow

BROKEN_KEPT = 1000  # reasons kept; further broken rows are only counted
EXAMPLES = 3  # pharmacy codes shown for each kind of doubt
COUNTED = (
    "rows", "pharmacies", "created", "changed", "reopened", "closed", "unchanged", "waiting", "absent", "kept_open",
    "doubtful", "broken",
)  # fmt: skip


@dataclass
class ImportReport:
    """The result of one import, or of a dry run. Counts each pharmacy once; `rows` and `broken` count rows of the file.

    In a file of the register of parafarmacie, "pharmacies" are parafarmacie.
    """

    register: NationalRegister = NationalRegister.FARMACIE
    rows: int = 0  # without the header
    pharmacies: int = 0  # different codes in readable rows
    created: int = 0
    changed: int = 0
    owner_changed: int = 0  # changed pharmacies with another partita IVA under the same code
    reopened: int = 0
    closed: int = 0
    unchanged: int = 0
    waiting: int = 0  # closings that wait for an operator's approval, because too many came at once
    absent: int = 0  # open pharmacies that this whole file does not name
    kept_open: int = 0  # pharmacies with an end date in an incomplete file, which closes nothing
    doubts: Counter[str] = field(default_factory=Counter)
    doubtful: int = 0  # pharmacies with at least one doubt
    examples: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    broken: int = 0
    unnamed: int = 0  # broken rows whose code cannot be read
    broken_lines: list[tuple[int, str]] = field(default_factory=list)  # (line number, reason)
    flaw: str = ""  # a key of completeness.FLAWS; "" when the file is whole
    accepted_because: str = ""  # the operator's reason for treating the file as whole in spite of its flaw

    @property
    def is_whole(self) -> bool:
        return not self.flaw or bool(self.accepted_because)

    def counts(self) -> dict[str, Any]:
        """Returns the counts for the journal."""
        return {name: getattr(self, name) for name in COUNTED}

    def add_broken(self, line: int, reason: str) -> None:
        self.broken += 1
        if len(self.broken_lines) < BROKEN_KEPT:
            self.broken_lines.append((line, reason))

    def add_doubts(self, row: RegisterRow) -> None:
        self.doubtful += bool(row.doubts)
        self.doubts.update(row.doubts)
        for word in row.doubts:
            if len(self.examples[word]) < EXAMPLES:
                self.examples[word].append(row.code)
