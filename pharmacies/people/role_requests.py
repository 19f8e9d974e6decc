"""A person's request for a role: asked, told to the address in force, withdrawn, approved or refused.

The person learns nothing about the pharmacy: a code that no pharmacy has is kept like any other, the partita IVA is compared at
the desk only, and the letter to the pharmacy is written by the timetable, so the answer takes the same time.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from pharmacies.codes import typed_codes
from pharmacies.models import MailCertification, Office, OfficeSource, Pharmacy, RoleRequest
from pharmacies.models.role_request import RoleRequestQuerySet
from pharmacies.people import letters, offices, terms
from portal.database.contention import tried_again
from portal.identity.models import User
from portal.journal.models import record
from portal.secrets.masking import mask_codice_fiscale

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

A_DAY = 3  # requests of one person in 24 hours, for whatever pharmacy
OPEN_AT_ONCE = 5  # of one person
AFTER_A_REFUSAL = timedelta(days=7)  # before the same person may ask for the same pharmacy again
LETTER_EVERY = timedelta(days=1)  # at most one letter about requests to one pharmacy
OUTCOME_SHOWN_FOR = timedelta(days=60)
A_ROUND = 200  # letters of one run of the task


class RequestRefused(Exception):
    """The request was not written; the person reads `sentence`."""

    sentence: "StrOrPromise" = _("La richiesta non può partire.")


class AlreadyOpen(RequestRefused):
    sentence = _("Hai già una richiesta aperta per questa farmacia: aspetta la risposta, oppure ritirala.")


class HeldAlready(RequestRefused):
    sentence = _("Per questa farmacia risulti già: la trovi nell’elenco delle tue farmacie.")


class TooManyRequests(RequestRefused):
    sentence = _("Hai già fatto tutte le richieste consentite: riprova fra un giorno, o ritira quelle che non servono.")


class RefusedLately(RequestRefused):
    sentence = _(
        "Una tua richiesta per questa farmacia è stata respinta da pochi giorni: aspetta una settimana, o chiama l’assistenza."
    )


@dataclass(frozen=True)
class Wanted:
    """The fields of the form. `code`: the pharmacy's, as typed, without spaces."""

    code: str
    role: str
    since: date
    partita_iva: str
    note: str = ""
    protocol: str = ""


@transaction.atomic
def ask(person: User, wanted: Wanted, now: datetime) -> RoleRequest:
    """Writes the request. Raises AlreadyOpen, HeldAlready, TooManyRequests, RefusedLately.

    The same statements run whether a pharmacy has the code or not.
    """
    User.objects.select_for_update(no_key=True).get(pk=person.pk)  # one request of a person at a time: the limits hold
    own = RoleRequest.objects.filter(person=person)
    if own.open().filter(code=wanted.code).exists():
        raise AlreadyOpen
    holds = Office.objects.held_by(person.codice_fiscale or "", now).certifying()
    pharmacy = _named(wanted)
    if holds.filter(pharmacy__code=pharmacy.code if pharmacy else wanted.code).exists():
        raise HeldAlready
    if own.filter(asked_at__gt=now - timedelta(days=1)).count() >= A_DAY or own.open().count() >= OPEN_AT_ONCE:
        raise TooManyRequests
    if own.filter(code=wanted.code, office=None, decided_at__gt=now - AFTER_A_REFUSAL).exists():
        raise RefusedLately
    try:
        with transaction.atomic():
            row = RoleRequest.objects.create(
                person=person, code=wanted.code, pharmacy=pharmacy,
                role=wanted.role, since=wanted.since, partita_iva=wanted.partita_iva, note=wanted.note[:200],
                protocol=wanted.protocol[:60], asked_at=now,
            )  # fmt: skip
    except IntegrityError as error:  # SQLite takes no lock on the person
        raise AlreadyOpen from error
    _note("request.asked", row, person, now, since=f"{row.since:%d/%m/%Y}")
    return row


def _named(wanted: Wanted) -> Pharmacy | None:
    """Returns the site that the person means: of a pharmacy and a parafarmacia with one number, that with the partita IVA."""
    sites = Pharmacy.objects.filter(code__in=typed_codes(wanted.code)).order_by("type")
    return min(sites, key=lambda site: site.partita_iva != wanted.partita_iva, default=None)


@transaction.atomic
def withdraw(row: RoleRequest, now: datetime) -> bool:
    """The person gives the request up. False when it was decided or withdrawn already."""
    if not _settle(row, withdrawn_at=now):
        return False
    _note("request.withdrawn", row, row.person, now)
    return True


@transaction.atomic
def approve(
    row: RoleRequest,
    by: User,
    *,
    role: str,
    since: date,
    until: date | None,
    because: str,
    protocol: str,
    now: datetime,
) -> Office | None:
    """Gives the office, from the operator's own facts (`until`: the last day), and settles the request.

    Returns None when it was decided or withdrawn meanwhile, or names no pharmacy. Raises OfficeRefused (people/offices.py);
    OwnOffice among them: nobody approves a request of their own.
    """
    if row.pharmacy is None:
        return None
    Pharmacy.objects.hold(row.pharmacy_id)
    if not _settle(row, decided_at=now, decided_by=by, because=because[:200]):
        return None
    person = row.person
    row.office = offices.give(
        row.pharmacy, person.codice_fiscale or "", role, since=terms.starts_on(since),
        until=None if until is None else terms.ends_after(until), source=OfficeSource.REQUEST, by=by,
        names=(person.family_name, person.given_name), because=because, protocol=protocol, now=now,
    )  # fmt: skip
    row.save(update_fields=["office"])
    _note("request.approved", row, by, now, who=_who(person))
    return row.office


@transaction.atomic
def refuse(row: RoleRequest, by: User, because: str, now: datetime) -> bool:
    """The person reads `because`. False when the request was decided or withdrawn already."""
    if not _settle(row, decided_at=now, decided_by=by, because=because[:200]):
        return False
    _note("request.refused", row, by, now, who=_who(row.person), because=because)
    return True


def shown_to(person: User, now: datetime) -> RoleRequestQuerySet:
    """The requests that the person sees: open, and decided in the last OUTCOME_SHOWN_FOR; newest first."""
    news = Q(decided_at__gt=now - OUTCOME_SHOWN_FOR) | Q(decided_at=None)
    return RoleRequest.objects.filter(news, person=person, withdrawn_at=None).order_by("-asked_at", "-pk")


def unread(person: User, now: datetime) -> list[RoleRequest]:
    """The decisions that the person has not read yet, marked as read from now on."""
    found = shown_to(person, now).filter(decided_at__isnull=False, read_at=None).select_related("pharmacy", "office")
    rows = list(found)
    RoleRequest.objects.filter(pk__in=[row.pk for row in rows]).update(read_at=now)
    return rows


def tell(now: datetime) -> int:
    """Writes the letters about new requests, at most one a day for each pharmacy; may run twice at the same time."""
    due = _untold(now).order_by("pharmacy").values_list("pharmacy", flat=True).distinct()[:A_ROUND]
    return sum(tried_again(partial(_tell_one, pharmacy, now)) for pharmacy in list(due))


@transaction.atomic
def _tell_one(pharmacy: int, now: datetime) -> bool:
    Pharmacy.objects.hold(pharmacy)
    rows = list(_untold(now).filter(pharmacy=pharmacy).select_related("person").order_by("asked_at", "pk"))
    current = MailCertification.objects.current().filter(pharmacy=pharmacy).select_related("pharmacy").first()
    if not rows or current is None:
        return False
    RoleRequest.objects.filter(pk__in=[row.pk for row in rows]).update(told_at=now)
    letters.role_requests(current, rows, now)
    return True


def _untold(now: datetime) -> RoleRequestQuerySet:
    """Open requests without a letter, for pharmacies that can be written to and got none about requests in the last day."""
    address = MailCertification.objects.current().filter(pharmacy=OuterRef("pharmacy"), undeliverable_at=None)
    lately = RoleRequest.objects.filter(pharmacy=OuterRef("pharmacy"), told_at__gt=now - LETTER_EVERY)
    return RoleRequest.objects.open().filter(Exists(address), ~Exists(lately), told_at=None)


def _settle(row: RoleRequest, **facts: Any) -> bool:
    """Writes the end of the request, once: the condition is part of the UPDATE."""
    if not RoleRequest.objects.open().filter(pk=row.pk).update(**facts):
        return False
    row.refresh_from_db(fields=list(facts))
    return True


def _who(person: User) -> str:
    return f"{person.full_name} ({mask_codice_fiscale(person.codice_fiscale or '')})"


def _note(verb: str, row: RoleRequest, by: User, now: datetime, **detail: str) -> None:
    about = row.pharmacy.code if row.pharmacy is not None else ""
    record(verb, now=now, actor=by, about=about, subject=row, role=row.get_role_display(), noun=row.noun, **detail)
