"""One line of «Da seguire»."""

from dataclasses import dataclass

from pharmacies.models import Utenza
from sessions.staff.lists.pharmacy_status import StatusRow

OF_EACH = 3  # lines of a kind


@dataclass(frozen=True)
class Thing:
    """One line: a problem of a pharmacy (`row` or `utenza`), or of the portal."""

    kind: str  # ok, warn, bad: the colour
    icon: str
    words: str
    row: StatusRow | None = None
    utenza: Utenza | None = None
    title: str = ""  # only of a line about no pharmacy
    url: str = ""  # its page
    role: str = ""  # only operators with this role get the link; empty: all
