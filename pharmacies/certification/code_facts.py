"""Facts about the codes of one request, for the code page and the summary."""

from dataclasses import dataclass
from datetime import datetime

from pharmacies.models import CodiceValidazione, MailCertification


@dataclass(frozen=True)
class CodeFacts:
    """`usable`: the codes that are valid now, newest first, with their letters; `newest`: valid or expired."""

    newest: CodiceValidazione | None
    usable: tuple[CodiceValidazione, ...]
    locked_until: datetime | None  # after too many wrong codes: no code is accepted before (UTC)

    @classmethod
    def of(cls, certification: MailCertification, now: datetime) -> "CodeFacts":
        codes = list(certification.codes.select_related("letter").defer("letter__sealed_source"))  # the newest first
        usable = tuple(code for code in codes if code.expires_at > now)
        newest = usable[0] if usable else codes[0] if codes else None
        return cls(newest, usable, certification.locked_until(now))

    @property
    def can_arrive(self) -> bool:
        """True when a valid code has arrived or may still arrive."""
        return any(code.letter.failed_at is None and code.letter.withdrawn_at is None for code in self.usable)

    @property
    def accepted(self) -> bool:
        """True when the mail server accepted a valid code."""
        return any(code.letter.accepted_at and not code.letter.failed_at for code in self.usable)

    @property
    def refused(self) -> bool:
        """True when the newest code was refused and no other can arrive."""
        return self.newest is not None and self.newest.letter.failed_at is not None and not self.can_arrive

    @property
    def withdrawn(self) -> bool:
        """True when the newest code was withdrawn with its request, the request was reused, and no other can arrive."""
        return self.newest is not None and self.newest.letter.withdrawn_at is not None and not self.can_arrive

    @property
    def expired(self) -> bool:
        return not self.usable
