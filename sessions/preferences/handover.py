"""After a change of holder a new one keeps or ends what a former one left: delegations first, then what is connected."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from pharmacies.copies import mailboxes
from pharmacies.delegations import acts
from pharmacies.models import CopyMailbox, Office, Pharmacy
from pharmacies.people import handover, offices, terms
from portal.database.composed import Composed
from portal.identity.models import User
from portal.journal.models import record
from portal.secrets.masking import mask_address, mask_codice_fiscale
from sessions.models import CalendarLink, SemaforoLink, Webhook
from sessions.preferences import calendar_link, webhook_life
from sessions.semaforo import link as semaforo_link

ALWAYS = datetime.min.replace(tzinfo=UTC)  # the begin of a thing whose begin nobody wrote


@dataclass(frozen=True)
class Inherited:
    """One thing that a former holder, the staff or a file left. `keep` and `end` act, and return False when nothing changed."""

    key: str  # of the form: "delega-12"
    is_delegation: bool
    title: str
    details: str
    left_by: str  # the person who gave or opened it; "" when unknown
    since: datetime | None
    keep: Callable[[User, datetime], bool]
    end: Callable[[User, datetime], bool]


def inherited(pharmacy: Pharmacy, now: datetime) -> list[Inherited]:
    """The things to decide about, delegations first. One query when there are none, as there nearly always are."""
    if _ANY.first(pharmacy.pk, now) is None:
        return []
    holders = handover.HoldersInOffice.of(pharmacy, now)
    links = CalendarLink.objects.working(now).filter(pharmacy=pharmacy).select_related("made_by", "kept_by", "pharmacy")
    lights = (
        SemaforoLink.objects.working(now).filter(pharmacy=pharmacy).select_related("made_by", "kept_by", "pharmacy")
    )
    hooks = Webhook.objects.open().filter(pharmacy=pharmacy).select_related("opened_by", "kept_by", "pharmacy")
    copies = CopyMailbox.objects.in_force([pharmacy.pk], now)
    working = set(Office.objects.in_force(now).filter(pharmacy=pharmacy).values_list("codice_fiscale", flat=True))
    former = [row for row in copies if row.person is None or row.person.codice_fiscale not in working]
    return [
        *(_delegation(office) for office in handover.delegations(pharmacy, holders, now)),
        *(_calendar(link) for link in links if holders.must_decide(link.made_by, link.made_at, link.kept_by)),
        *(_semaforo(link) for link in lights if holders.must_decide(link.made_by, link.made_at, link.kept_by)),
        *(_copy(row) for row in former if holders.must_decide(row.person, row.named_at or ALWAYS, row.kept_by)),
        *(_webhook(hook) for hook in hooks if holders.must_decide(hook.opened_by, hook.opened_at, hook.kept_by)),
    ]


def _may_have_any(pharmacy: int, now: datetime) -> "QuerySet[Pharmacy]":
    """The pharmacy (key), or nothing when a person who may certify now answers for every delegation, link, copy and webhook of the pharmacy.

    HoldersInOffice.must_decide in SQL, but for things that no person gave: here one of them may count too many.
    """
    delegates = Office.objects.in_force(now).filter(role=Office.Role.DELEGATE)
    things = (
        (delegates, "written_by", "since"),
        (CalendarLink.objects.open(), "made_by", "made_at"),
        (SemaforoLink.objects.open(), "made_by", "made_at"),
        (CopyMailbox.objects.named_for_copies(), "person", "named_at"),
        (Webhook.objects.open(), "opened_by", "opened_at"),
    )
    any_of_them = Q()
    for rows, by, since in things:
        any_of_them |= Q(_left_by_nobody_here(rows.filter(pharmacy=pharmacy), by, since, now))
    return Pharmacy.objects.filter(any_of_them, pk=pharmacy).only("pk")


_ANY = Composed(_may_have_any)


def _left_by_nobody_here(rows: Any, by: str, since: str, now: datetime) -> Exists:
    holders = Office.objects.certifying().within_dates(now).filter(pharmacy=OuterRef("pharmacy"))
    people = [f"{by}__codice_fiscale", "kept_by__codice_fiscale"]
    answers = holders.filter(Q(codice_fiscale=OuterRef(people[0])) | Q(codice_fiscale=OuterRef(people[1])))
    of_no_person = Q(**dict.fromkeys(people, None))
    older = Exists(holders.filter(since__lte=OuterRef(since)))
    return Exists(rows.order_by().filter(~Exists(answers)).exclude(of_no_person & Q(older)))


def _delegation(office: Office) -> Inherited:
    masked = mask_codice_fiscale(office.codice_fiscale)
    until = _("fino al %(day)s") % {"day": f"{terms.last_day(office.until):%d/%m/%Y}"} if office.until else ""
    details = ", ".join(filter(None, [str(office.included), until]))
    by = office.kept_by or office.written_by
    return Inherited(
        f"delega-{office.pk}", True, office.name or masked, details, _name(by), office.since,
        keep=lambda person, now: handover.keep(office, person, now),
        end=lambda person, now: _end_delegation(office, person, now),
    )  # fmt: skip


def _end_delegation(office: Office, by: User, now: datetime) -> bool:
    if acts.may_change(office):
        acts.take_back(office, by=by, now=now)
        return True
    return offices.end(office, now, by=by, because=_("Passaggio di consegne"), now=now)


def _calendar(link: CalendarLink) -> Inherited:
    return Inherited(
        f"calendario-{link.pk}", False, _("Calendario delle scadenze"),
        _("Il programma di chi ha il link legge quando scadono gli ID SESSIONE."), _name(link.kept_by or link.made_by),
        link.made_at,
        keep=lambda person, now: _keep(link, "calendar.kept", person, now, closed_at=None),
        end=lambda person, now: calendar_link.close(link.pharmacy, person, now),
    )  # fmt: skip


def _semaforo(link: SemaforoLink) -> Inherited:
    return Inherited(
        f"semaforo-{link.pk}", False, _("Semaforo dello schermo al banco"),
        _("Lo schermo che ha il link mostra fino a quando valgono gli ID SESSIONE."), _name(link.kept_by or link.made_by),
        link.made_at,
        keep=lambda person, now: semaforo_link.keep(link, person, now),
        end=lambda person, now: semaforo_link.close(link.pharmacy, person, now),
    )  # fmt: skip


def _copy(row: CopyMailbox) -> Inherited:
    return Inherited(
        f"copia-{row.pk}", False, _("Copia dei promemoria"),
        _("I promemoria arrivano in copia a %(address)s.") % {"address": mask_address(row.address)},
        _name(row.kept_by or row.person), row.named_at,
        keep=lambda person, now: _keep(row, "copy.kept", person, now, ended_at=None),
        end=lambda person, now: mailboxes.end(row, person, now),
    )  # fmt: skip


def _webhook(webhook: Webhook) -> Inherited:
    return Inherited(
        f"gestionale-{webhook.pk}", False, _("Avvisi al gestionale"),
        _("Il portale avvisa il programma all’indirizzo %(url)s.") % {"url": webhook.url},
        _name(webhook.kept_by or webhook.opened_by), webhook.opened_at,
        keep=lambda person, now: _keep(webhook, "webhook.kept", person, now, closed_at=None),
        end=lambda person, now: webhook_life.close(webhook, person, now),
    )  # fmt: skip


@transaction.atomic
def _keep(row: CalendarLink | CopyMailbox | Webhook, verb: str, by: User, now: datetime, **is_open: None) -> bool:
    """Writes the person who keeps it. `is_open`: the fact of its end, None. False when it was closed meanwhile."""
    Pharmacy.objects.hold(row.pharmacy_id)
    if not type(row)._default_manager.filter(pk=row.pk, **is_open).update(kept_by=by, kept_at=now):
        return False
    record(verb, now=now, actor=by, about=row.pharmacy.code, subject=row)
    return True


def _name(person: User | None) -> str:
    return "" if person is None else _("l’assistenza") if person.is_staff else person.full_name
