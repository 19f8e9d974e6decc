"""Writes down that a server accepted a letter.

Hand-written SQL: one UPDATE per letter, between the server's answer and the next letter; the ORM costs five times as much
(`tests/database/test_row_updates.py` holds it to the ORM's form).
"""

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import connection

if TYPE_CHECKING:
    from portal.outbox.models import OutgoingMail

# A report may be written before the server's answer: then its facts stay. The UPDATE reads only its own row, which PostgreSQL
# reads again after waiting for the report's transaction.
_ACCEPT = """update outbox_outgoingmail
set accepted_at = %s, failed_at = returned_at, withdrawn_at = null, leased_until = null, sealed_source = null,
last_answer = case when returned_at is null then %s else last_answer end,
reason = case when returned_at is null then '' else reason end
where id = %s and accepted_at is null returning returned_at is not null"""


def write_accepted(letter: "OutgoingMail", now: datetime, answer: str) -> None:
    """Writes the acceptance (`now`, UTC) on the row and on the object, unless the row has one already."""
    with connection.cursor() as cursor:
        cursor.execute(_ACCEPT, [connection.ops.adapt_datetimefield_value(now), answer, letter.pk])
        written = cursor.fetchone()
    if written is None:
        return
    letter.accepted_at, letter.failed_at, letter.withdrawn_at = now, None, None
    letter.leased_until, letter.sealed_source = None, None
    letter.last_answer, letter.reason = answer, ""
    if written[0]:  # a report was written first
        letter.refresh_from_db(fields=["failed_at", "returned_at", "last_answer", "reason"])
