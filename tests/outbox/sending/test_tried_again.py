"""A permanent refusal that may pass is retried: about the sender, a full mailbox, «try later», whatever its code."""

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.outbox.sending.delivery import deliver_due

ANNA_BOX = "idsessione@farmaciasanmarco.it"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("552 5.2.2 mailbox full", "full"),
        ("550 5.5.0 service refused, try later", "later"),
        ("554 5.7.1 refused by policy", "about-us"),
        ("550 5.1.1 192.0.2.9 has sent to too many recipients this hour", "about-us"),
    ],
)
@pytest.mark.parametrize("where", ["rcpt", "data"])
def test_a_never_that_may_pass_is_tried_again_while_the_letter_is_useful(write, sink, answer, reason, where):
    (sink.at_rcpt[ANNA_BOX] if where == "rcpt" else sink.at_data).append(answer)
    row = write()
    assert deliver_due(timezone.now()) == 0
    row.refresh_from_db()
    assert (row.is_waiting, row.reason) == (True, reason)
    assert deliver_due(timezone.now() + timedelta(minutes=1)) == 1
    row.refresh_from_db()
    assert (row.reason, row.refusal) == ("", None)


def test_what_is_said_to_our_sender_is_about_us_whatever_its_words(write, sink):
    sink.at_mail = ["550 5.1.1 user unknown"]
    row = write()
    deliver_due(timezone.now())
    row.refresh_from_db()
    assert (row.is_waiting, row.reason) == (True, "about-us")
