"""What the staff read of one pharmacy: register, offices, address, utenze, ids, letters. Masked where it is shown."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from pharmacies.models import MailCertification, Office, Pharmacy, Utenza
from pharmacies.registry_rows import DOUBTS
from portal.clock import ROME
from portal.journal.models import Entry
from portal.journal.words import sentence
from portal.outbox.models import OutgoingMail
from sessions.cards import Card
from sessions.models import IdSessione
from sessions.staff.status import UNREAD, Row, newest_today

NEWEST = 20  # of ids, letters and addresses
ENTRIES = 50


def of(pharmacy: Pharmacy, now: datetime) -> dict[str, Any]:
    """The context of the page. Nothing in it is a secret; addresses and codici fiscali are masked by the template."""
    ids = list(
        IdSessione.objects.filter(pharmacy=pharmacy).with_facts().defer(*UNREAD).order_by("-requested_at")[:NEWEST]
    )
    newest = newest_today(pharmacy, now) or next(iter(ids), None)
    return {
        "pharmacy": pharmacy,
        "row": Row(pharmacy, newest, now),
        "is_open": pharmacy.is_open(now.astimezone(ROME).date()),
        "offices": Office.objects.filter(pharmacy=pharmacy).order_by("-since", "pk"),
        "certifications": MailCertification.objects.filter(pharmacy=pharmacy).order_by("-requested_at", "-pk")[:NEWEST],
        "utenze": Utenza.objects.filter(pharmacy=pharmacy).select_related("blocked_by").defer("password", "pincode"),
        "ids": [Card(each, now) for each in ids],
        "doubts": [DOUBTS.get(doubt, doubt) for doubt in pharmacy.doubts],
        "timeline": [(entry, sentence(entry.verb, entry.detail)) for entry in _entries(pharmacy)],
        "letters": list(
            OutgoingMail.objects.filter(about=pharmacy.code)
            .defer("sealed_source")
            .order_by("-created_at", "-pk")[:NEWEST]
        ),
    }


def _entries(pharmacy: Pharmacy) -> QuerySet[Entry]:
    return Entry.objects.filter(about=pharmacy.code).order_by("-at", "-pk")[:ENTRIES]
