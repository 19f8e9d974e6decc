"""Reads what the staff see of one pharmacy: register, offices, address, utenze, ids, letters, notes. Templates mask it."""

from datetime import datetime
from typing import Any

from django.db.models import F
from django.utils.translation import gettext

from pharmacies.models import MailCertification, Office, Pharmacy, RegisterChange, Utenza
from pharmacies.people import terms
from pharmacies.places.asl import asl_of, correction_of
from pharmacies.places.origin import region_origin
from pharmacies.register import moves
from pharmacies.register.rows import DOUBTS
from portal.identity.models import User
from portal.journal.verbs import sentence
from portal.outbox.models import OutgoingMail
from portal.time.clock import ROME
from sessions.ids.cards import IdCard
from sessions.letters import shared_letters
from sessions.models import IdSessione, SupportNote
from sessions.staff.lists.pharmacy_status import UNREAD, StatusRow, newest_today
from sessions.staff.timeline import entries

NEWEST = 20  # of ids, letters, addresses and notes
LINES = 10


def of(pharmacy: Pharmacy, by: User, now: datetime) -> dict[str, Any]:
    """Returns the context of the page for this operator, without secrets. The template masks addresses and codici fiscali."""
    ids = _ids(pharmacy, now)
    cards = [IdCard(row, now) for row in ids]
    newest = newest_today(pharmacy, now) or next(iter(ids), None)
    day = now.astimezone(ROME).date()
    correction = correction_of(pharmacy)
    utenze = list(Utenza.objects.filter(pharmacy=pharmacy).select_related("blocked_by").defer("password", "pincode"))
    return {
        "pharmacy": pharmacy,
        "row": StatusRow(pharmacy, newest, now),
        "is_open": pharmacy.is_open(day),
        "absent_words": gettext("Dal %(day)s") % {"day": f"{pharmacy.absent_since or day:%d/%m/%Y}"},
        "asl": asl_of(pharmacy, utenze),
        "region_origin": region_origin(pharmacy, correction),
        "correction": correction,
        "offices": _offices(pharmacy, now),
        "certifications": _certifications(pharmacy),
        "utenze": utenze,
        "ids": cards,
        "has_live": any(card.may_be_revoked for card in cards),
        "moved_to": moves.moved_to(pharmacy, Pharmacy.objects.visible_to(by)),
        "moved_from": moves.moved_from(pharmacy, Pharmacy.objects.visible_to(by)),
        "doubts": [DOUBTS.get(doubt, doubt) for doubt in pharmacy.doubts],
        "changes": RegisterChange.objects.filter(pharmacy=pharmacy).order_by("-at", "pk")[:NEWEST],
        "notes": _notes(pharmacy),
        "timeline": [(entry, sentence(entry.verb, entry.detail)) for entry in entries(pharmacy.code)[:LINES]],
        "letters": list(
            OutgoingMail.objects.filter(shared_letters.about(pharmacy.code))
            .defer("sealed_source")
            .prefetch_related("bounces")
            .order_by("-created_at", "-pk")[:NEWEST]
        ),
    }


def _ids(pharmacy: Pharmacy, now: datetime) -> list[IdSessione]:
    """The newest ids and all within their hours (a closed pharmacy's too: the staff may revoke them), newest first."""
    every = IdSessione.objects.filter(pharmacy=pharmacy).with_facts().defer(*UNREAD)
    found = list(every.order_by("-requested_at")[:NEWEST])
    older = every.within_hours(now).exclude(pk__in=[row.pk for row in found]).order_by("-requested_at")
    return found + list(older)


def _offices(pharmacy: Pharmacy, now: datetime) -> list[dict[str, Any]]:
    """The offices, present ones first. The name as the source writes it, else as the person's account says it."""
    offices = list(Office.objects.filter(pharmacy=pharmacy).order_by(F("until").desc(nulls_first=True), "-since", "pk"))
    people = User.objects.filter(codice_fiscale__in={office.codice_fiscale for office in offices})
    names = {person.codice_fiscale: person.full_name for person in people}
    return [
        {
            "office": office,
            "name": office.name or names.get(office.codice_fiscale, ""),
            "days": terms.in_words(office.since, office.until),
            "is_over": office.until is not None and office.until <= now,
        }
        for office in offices
    ]


def _certifications(pharmacy: Pharmacy) -> list[MailCertification]:
    found = MailCertification.objects.filter(pharmacy=pharmacy).select_related(
        "certified_by", "confirmed_by", "pharmacy"
    )
    return list(found.order_by("-requested_at", "-pk")[:NEWEST])


def _notes(pharmacy: Pharmacy) -> list[SupportNote]:
    """The newest notes, open ones first."""
    notes = SupportNote.objects.filter(pharmacy=pharmacy).select_related("opened_by", "closed_by")
    return list(notes.order_by(F("closed_at").desc(nulls_first=True), "-opened_at")[:NEWEST])
