"""The wildcard ids of the manual, `UTENZA-YYYY-MM[-CONTESTO[-APPLICAZIONE]]`: in TEST mode they pass during their month.

Without the applicazione they pass for every applicazione of the contesto (manual 4.1); without both, for the ricetta bianca.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from pharmacies.models import Utenza
from portal.time.clock import ROME
from sessions.models import Context
from sessions.models.gate_row import GateRow

_WRITTEN = re.compile(
    r"(?P<user_id>[^-\s\0]{1,16})-(?P<year>20\d\d)-(?P<month>0[1-9]|1[0-2])(?:-(?P<context>\S{1,61}))?\Z"
)


@dataclass(frozen=True, slots=True)
class Wildcard:
    user_id: str
    starts_at: datetime  # its month, Italian time
    ends_at: datetime
    context: str  # `RICETTA-DEM-EROGATORE`, `RICETTA-DEM`, or "" for the ricetta bianca

    def names(self, context: Context) -> bool:
        """Whether this wildcard was written for the context."""
        if not self.context:
            return context.is_white
        return self.context in (context.contesto, f"{context.contesto}-{context.applicazione}")


def parse(plain: str) -> Wildcard | None:
    """Parses a wildcard id; None when it is not one."""
    written = _WRITTEN.match(plain)
    if written is None:
        return None
    year, month = int(written["year"]), int(written["month"])
    after = (year + 1, 1) if month == 12 else (year, month + 1)
    starts_at, ends_at = datetime(year, month, 1, tzinfo=ROME), datetime(*after, 1, tzinfo=ROME)
    return Wildcard(written["user_id"], starts_at, ends_at, written["context"] or "")


def row_of(wildcard: Wildcard, contesto: str, applicazione: str, now: datetime) -> GateRow | None:
    """Builds the row of an id issued for the month of this wildcard; None: no such utenza, or a month in the future."""
    utenza = Utenza.objects.select_related("pharmacy").filter(user_id=wildcard.user_id).first()
    if utenza is None or wildcard.starts_at > now:
        return None
    context = Context.objects.filter(contesto=contesto, applicazione=applicazione).first()
    is_same = context is not None and wildcard.names(context)
    pharmacy = utenza.pharmacy
    return GateRow(
        pk=0, utenza_id=utenza.pk, user_id=utenza.user_id, codice_fiscale=utenza.codice_fiscale, password=utenza.password,
        pharmacy=pharmacy.code if pharmacy else None, closed_on=pharmacy.closed_on if pharmacy else None,
        contesto=contesto if is_same else wildcard.context, applicazione=applicazione if is_same else "?",
        requested_at=wildcard.starts_at, expires_at=wildcard.ends_at, first_used_at=wildcard.starts_at,
        revoked_at=None, address_revoked_at=None, disabled_at=utenza.disabled_at, blocked_at=utenza.blocked_at,
        fingerprint=None, pincode=utenza.pincode, pincode_fingerprint=None, ciphertext_fingerprint=None,
    )  # fmt: skip
