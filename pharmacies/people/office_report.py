"""The counts and examples of one import of offices."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

BROKEN_KEPT = 1000  # reasons kept; further broken rows are only counted
EXAMPLES = 3  # pharmacy codes shown for each kind of doubt
COUNTED = (
    "rows", "offices", "given", "changed", "ended", "unchanged", "waiting", "absent", "kept", "conflicts", "doubtful",
    "broken",
)  # fmt: skip


@dataclass
class OfficeReport:
    """The result of one import, or of a dry run. `rows` and `broken` count rows of the file, the others count offices."""

    rows: int = 0  # without the header
    offices: int = 0  # readable rows, the repeated ones once
    given: int = 0
    changed: int = 0
    ended: int = 0
    unchanged: int = 0
    waiting: int = 0  # endings that wait for an operator's approval, because too many came at once
    absent: int = 0  # offices in force that this whole file does not name
    kept: int = 0  # offices with an end in a file that is not whole, which ends nothing
    conflicts: int = 0  # offices written by a person about which the file says otherwise
    doubts: Counter[str] = field(default_factory=Counter)
    doubtful: int = 0
    examples: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    broken: int = 0
    unnamed: int = 0  # broken rows whose pharmacy cannot be read
    broken_lines: list[tuple[int, str]] = field(default_factory=list)  # (line number, reason)
    flaw: str = ""  # a key of completeness.FLAWS; "" when the file is whole
    accepted_because: str = ""

    @property
    def is_whole(self) -> bool:
        return not self.flaw or bool(self.accepted_because)

    def counts(self) -> dict[str, int]:
        """Returns the counts for the journal and for the command."""
        return {name: getattr(self, name) for name in COUNTED}

    def add_broken(self, line: int, reason: str) -> None:
        self.broken += 1
        if len(self.broken_lines) < BROKEN_KEPT:
            self.broken_lines.append((line, reason))

    def add(self, other: "OfficeReport") -> None:
        """Adds what another report of the same file counted while it compared pharmacies."""
        self.absent += other.absent
        self.kept += other.kept
        self.conflicts += other.conflicts
        self.doubtful += other.doubtful
        self.doubts.update(other.doubts)
        for word, codes in other.examples.items():
            self.examples[word] = (self.examples[word] + codes)[:EXAMPLES]

    def add_doubts(self, code: str, doubts: Iterable[str]) -> None:
        words = list(doubts)
        self.doubtful += bool(words)
        self.doubts.update(words)
        for word in words:
            if len(self.examples[word]) < EXAMPLES:
                self.examples[word].append(code)
