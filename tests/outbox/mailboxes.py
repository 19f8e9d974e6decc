"""Certified addresses, and their mail servers' answers."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from pharmacies.certification import letters
from pharmacies.models import MailCertification
from portal.outbox.sending.delivery import deliver_due

BOX = "idsessione@farmaciasanmarco.it"
H = timedelta(hours=1)
DEAD = "550 5.1.1 no such user"
ABOUT_US = (
    "550 5.1.1 192.0.2.9 has sent to too many recipients this hour",
    "550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents delivery",
    "550 5.1.0 192.0.2.9 is not allowed to send from <portale.example> per its SPF record",
    "553 5.1.3 http://www.spamhaus.org/query/bl?ip=192.0.2.9",
    "503 5.5.0 improper sequence of commands",
    "554 5.7.1 relay denied",
    "550 5.7.26 unauthenticated email is not accepted due to DMARC policy",
)  # fmt: skip


def write_to(certification, at=None):
    with transaction.atomic():
        letters.certified(certification, at or timezone.now())


def is_marked(certification):
    return MailCertification.objects.get(pk=certification.pk).undeliverable_at is not None


def marked():
    return MailCertification.objects.exclude(undeliverable_at=None).count()


def refuse(sink, certification, answer, at=None):
    """Sends one letter, which the server refuses with this answer."""
    sink.at_rcpt[certification.address] = [answer]
    write_to(certification, at)
    deliver_due(at)
