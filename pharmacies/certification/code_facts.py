"""The facts about the codes of one request, for the page of the code and the summary."""

from dataclasses import dataclass
from datetime import datetime

from pharmacies.models import CodiceValidazione, MailCertification


@dataclass(frozen=True)
class CodeFacts:
    """`usable`: the codes that are good now, newest first; each with its letter."""

    newest: CodiceValidazione | None
    usable: tuple[CodiceValidazione, ...]
    locked_until: datetime | None  # too many wrong ones: no code may be typed before (UTC)

    @classmethod
    def of(cls, certification: MailCertification, now: datetime) -> "CodeFacts":
        codes = certification.codes.select_related("letter").defer("letter__sealed_source")
        usable = tuple(codes.usable(now))
        return cls(usable[0] if usable else codes.first(), usable, certification.locked_until(now))

    @property
    def can_arrive(self) -> bool:
        """A good code has arrived, or still may."""
        return any(code.letter.failed_at is None and code.letter.withdrawn_at is None for code in self.usable)

    @property
    def accepted(self) -> bool:
        """The server of the mailbox has taken a good one."""
        return any(code.letter.accepted_at and not code.letter.failed_at for code in self.usable)

    @property
    def refused(self) -> bool:
        """The newest one came back, and no other can arrive."""
        return self.newest is not None and self.newest.letter.failed_at is not None and not self.can_arrive

    @property
    def withdrawn(self) -> bool:
        """The newest one was withdrawn with the request, which was then taken up again; no other can arrive."""
        return self.newest is not None and self.newest.letter.withdrawn_at is not None and not self.can_arrive

    @property
    def expired(self) -> bool:
        return not self.usable
