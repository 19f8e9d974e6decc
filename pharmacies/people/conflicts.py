"""Offices that an operator or a holder wrote, and a file that says otherwise: what it says, and the operator's two choices."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from pharmacies.models import Office, OfficeSource
from pharmacies.people import letters, offices, terms
from pharmacies.people.office_rows import OfficeRow
from pharmacies.people.rights import news_between

if TYPE_CHECKING:
    from portal.identity.models import User


def is_about(row: OfficeRow, office: Office) -> bool:
    """True when the row speaks of the days of this office, whatever the role. A delegation of the titolare answers for no other role."""
    if office.source == OfficeSource.DELEGATION and row.role != Office.Role.DELEGATE:
        return False
    starts_before = row.since is None or office.until is None or row.since < office.until or row.since == office.since
    return starts_before and (row.until is None or row.until > office.since)


def may_be_lacked(office: Office, now: datetime) -> bool:
    """True when a list need not name the office: it is over, or the titolare delegated it."""
    return (office.until is not None and office.until <= now) or office.source == OfficeSource.DELEGATION


def said_of(office: Office, rows: Sequence[OfficeRow], now: datetime) -> dict[str, Any] | None:
    """Returns the value of Office.file_says; None when the rows (or a whole file without any) agree with the office."""
    if not rows:
        says: dict[str, Any] | None = None if may_be_lacked(office, now) else {}
    else:
        row = max(rows, key=lambda one: (one.role == office.role, one.is_alive(now), one.line))
        says = _as_said(row) if _differs(office, row, now) else None
    kept = (office.file_says or {}).get("kept")
    same = says is not None and kept and says == {k: v for k, v in (office.file_says or {}).items() if k != "kept"}
    return office.file_says if same else says


@transaction.atomic
def keep(office: Office, *, by: "User", because: str, protocol: str = "", now: datetime) -> bool:
    """Decides for the stored office: the conflict is settled until the file says something else. False without a conflict."""
    offices.hold(office, now)
    if office.file_says is None or "kept" in office.file_says:
        return False
    office.file_says = {**office.file_says, "kept": now.isoformat()}
    offices.sign(office, by, because, protocol, now)
    office.save()
    offices.note("office.kept", office, by, now)
    return True


@transaction.atomic
def follow(office: Office, *, by: "User", because: str, protocol: str = "", now: datetime) -> bool:
    """«Segui di nuovo l’elenco»: takes over what the last file says, and lets the next files change the office.

    An office that the file does not name stays as it is, and the absence counts from the next whole file on.
    False when it follows the files already. Raises OfficeRefused.
    """
    before = offices.hold(office, now)
    if office.source == OfficeSource.FILE:
        return False
    facts = _facts(office.file_says or {}, office)
    was = {name: getattr(office, name) for name in facts}
    for name, value in facts.items():
        setattr(office, name, value)
    offices.refuse(office)
    offices.sign(office, by, because, protocol, now)
    office.source, office.file_says = OfficeSource.FILE, None
    office.save()
    letters.office_news(office, news_between(before, offices.right_in(office, now), now), now)
    changed = {name: value for name, value in facts.items() if value != was[name]}
    offices.note("office.followed", office, by, now, what=offices.changes_in_words(was, changed) or "resta com’è")
    return True


def said_days(says: dict[str, Any]) -> tuple[date | None, date | None]:
    """Returns the first and the last day in a value of Office.file_says."""
    first, last = says.get("since"), says.get("until")
    return date.fromisoformat(first) if first else None, date.fromisoformat(last) if last else None


def _facts(says: dict[str, Any], office: Office) -> dict[str, Any]:
    if "role" not in says:
        return {}
    first, last = said_days(says)
    return {
        "role": says["role"],
        "since": office.since if first is None else terms.starts_on(first),
        "until": None if last is None else terms.ends_after(last),
    }


def _as_said(row: OfficeRow) -> dict[str, Any]:
    return {
        "role": row.role,
        "since": None if row.since is None else terms.first_day(row.since).isoformat(),
        "until": None if row.until is None else terms.last_day(row.until).isoformat(),
    }


def _differs(office: Office, row: OfficeRow, now: datetime) -> bool:
    """True when the difference matters now or later: days that are over for both do not."""
    is_alive = office.until is None or office.until > now
    if not is_alive and not row.is_alive(now):
        return False
    starts_later = row.since is not None and row.since != office.since and max(row.since, office.since) > now
    return is_alive != row.is_alive(now) or row.role != office.role or row.until != office.until or starts_later
