"""Builds delivery reports about a letter, in the formats of mail servers."""

REPORT = """\
Return-Path: <>
Received: from mx.isp.example (mx.isp.example [192.0.2.1])
Date: Mon, 23 Nov 2026 10:46:03 +0100 (CET)
From: MAILER-DAEMON@mx.isp.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4F1A2.1763891163/mx.isp.example"
Message-Id: <{number}@mx.isp.example>

This is a MIME-encapsulated message.

--4F1A2.1763891163/mx.isp.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--4F1A2.1763891163/mx.isp.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.isp.example
X-Postfix-Queue-ID: 4F1A2
Arrival-Date: Mon, 23 Nov 2026 10:42:05 +0100 (CET)

Final-Recipient: rfc822; {final}
Original-Recipient: rfc822;{original}
Action: {action}
Status: {status}
Remote-MTA: dns; box.isp.example
Diagnostic-Code: smtp; {diagnostic}

--4F1A2.1763891163/mx.isp.example
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

Subject: Codice di validazione

--4F1A2.1763891163/mx.isp.example--
"""


def report(
    to: str,
    final: str = "idsessione@farmaciasanmarco.it",
    *,
    original: str | None = None,
    action: str = "failed",
    status: str = "5.1.1",
    diagnostic: str = "550 5.1.1 <{}>: Recipient address rejected: User unknown",
    number: int = 1,
) -> bytes:
    """A report to `to` (an envelope sender) about the mailbox `final`."""
    text = REPORT.format(
        to=to, final=final, original=original or final, action=action, status=status,
        diagnostic=diagnostic.format(final), number=number,
    )  # fmt: skip
    return text.encode()
