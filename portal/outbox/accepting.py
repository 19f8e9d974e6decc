"""Writes down that a server took a letter.

By hand: one UPDATE for each letter, between the server's yes and the next letter; the ORM costs five times as much
(`tests/outbox/bounces/test_reports_and_answers.py` holds it to the ORM's form).
"""

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import connection

if TYPE_CHECKING:
    from portal.outbox.models import OutgoingMail

# A report may come before the server's answer is written down: what it said stays. Asked of the row alone, which PostgreSQL reads
# again when the report's transaction held it.
_ACCEPT = """update outbox_outgoingmail
set accepted_at = %s, failed_at = returned_at, withdrawn_at = null, leased_until = null, sealed_source = null,
last_answer = case when returned_at is null then %s else last_answer end,
reason = case when returned_at is null then '' else reason end
where id = %s and accepted_at is null returning returned_at is not null"""


def write_accepted(letter: "OutgoingMail", now: datetime, answer: str) -> None:
    """Writes the acceptance (`now`, UTC) on the row and on the object, unless one was written before."""
    with connection.cursor() as cursor:
        cursor.execute(_ACCEPT, [connection.ops.adapt_datetimefield_value(now), answer, letter.pk])
        written = cursor.fetchone()
    if written is None:
        return
    letter.accepted_at, letter.failed_at, letter.withdrawn_at = now, None, None
    letter.leased_until, letter.sealed_source = None, None
    letter.last_answer, letter.reason = answer, ""
    if written[0]:  # the report was first
        letter.refresh_from_db(fields=["failed_at", "returned_at", "last_answer", "reason"])
