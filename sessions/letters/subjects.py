"""The subjects of letters about ids: how many, the kind of prescription, until when. The name of the place follows in the template.

Each begins with `ID SESSIONE` or a number and `ID SESSIONE`, so that people can filter their mail by it.
"""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext, ngettext

from portal.time.clock import hour_seen_from
from sessions.models import Context, IdSessione


def kind_of(context: Context) -> str:
    """The kind of prescription inside a sentence: `ricetta bianca`."""
    return context.kind_inside


def of_issued(rows: Sequence[IdSessione], now: datetime) -> str:
    """`ID SESSIONE ricetta bianca, vale fino alle 17:21`; several: `2 ID SESSIONE (ricetta SSN e ricetta bianca), …`."""
    until = _first_end(rows, now)
    if len(rows) == 1:
        about = {"kind": kind_of(rows[0].context), "until": until}
        return gettext("ID SESSIONE %(kind)s, vale fino alle %(until)s") % about
    kinds = gettext(" e ").join(dict.fromkeys(kind_of(row.context) for row in rows))
    words = (
        gettext("%(number)s ID SESSIONE (%(kinds)s), valgono fino alle %(until)s")
        if _end_together(rows)
        else gettext("%(number)s ID SESSIONE (%(kinds)s), il primo vale fino alle %(until)s")
    )
    return words % {"number": len(rows), "kinds": kinds, "until": until}


def of_expiring(rows: Sequence[IdSessione], now: datetime) -> str:
    """`ID SESSIONE ricetta SSN, scade alle 17:14`; several: `2 ID SESSIONE in scadenza, il primo alle 17:14`."""
    until = _first_end(rows, now)
    if len(rows) == 1:
        return gettext("ID SESSIONE %(kind)s, scade alle %(until)s") % {
            "kind": kind_of(rows[0].context),
            "until": until,
        }
    words = (
        gettext("%(number)s ID SESSIONE scadono alle %(until)s")
        if _end_together(rows)
        else gettext("%(number)s ID SESSIONE in scadenza, il primo alle %(until)s")
    )
    return words % {"number": len(rows), "until": until}


def of_expired(row: IdSessione, now: datetime) -> str:
    """`ID SESSIONE ricetta SSN, scaduto alle 17:14`."""
    about = {"kind": kind_of(row.context), "at": hour_seen_from(row.expires_at, now)}
    return gettext("ID SESSIONE %(kind)s, scaduto alle %(at)s") % about


def of_revoked(rows: Sequence[IdSessione]) -> str:
    """`ID SESSIONE ricetta SSN revocato`; several: `2 ID SESSIONE revocati`."""
    about = {"number": len(rows), "kind": kind_of(rows[0].context)}
    return ngettext("ID SESSIONE %(kind)s revocato", "%(number)s ID SESSIONE revocati", len(rows)) % about


def _first_end(rows: Sequence[IdSessione], now: datetime) -> str:
    return hour_seen_from(min(row.expires_at for row in rows), now)


def _end_together(rows: Sequence[IdSessione]) -> bool:
    return len({row.expires_at.replace(second=0, microsecond=0) for row in rows}) == 1
