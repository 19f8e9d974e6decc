"""The three acts on an office: give, correct, end. Each is one transaction that locks the pharmacy first.

Each act writes a line of the journal. A letter leaves for the certified address only when the person gains or loses the right
to certify in this pharmacy, whatever the number of offices that gave it.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from pharmacies.models import Office, OfficeSource, Pharmacy
from pharmacies.people import letters, name_letters, terms
from pharmacies.people.rights import Right, news_between, right_of
from portal.journal.models import record
from portal.secrets.masking import mask_codice_fiscale
from portal.values import codice_fiscale

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from portal.identity.models import User

CORRECTED = frozenset({"role", "since", "until", "family_name", "given_name", "may_use_ids", "may_set_hours"})


class OfficeRefused(Exception):
    """The act changed nothing; the operator reads `sentence`."""

    sentence: "StrOrPromise" = _("L’incarico non può essere registrato.")


class WrongCodiceFiscale(OfficeRefused):
    sentence = _("Il codice fiscale non è corretto: sono 16 caratteri, controlla sulla tessera sanitaria.")


class EndsBeforeItStarts(OfficeRefused):
    sentence = _("L’incarico finisce prima di cominciare: controlla i due giorni.")


class AlreadyHeld(OfficeRefused):
    sentence = _("Questa persona ha già lo stesso incarico qui, in giorni che si sovrappongono: correggi quello.")


class OwnOffice(OfficeRefused):
    sentence = _("Il codice fiscale sembra il tuo: un incarico di chi ha il tuo nome lo registra un altro operatore.")


@transaction.atomic
def give(
    pharmacy: Pharmacy,
    fiscal_code: str,
    role: str,
    *,
    since: datetime,
    until: datetime | None = None,
    source: str,
    by: "User | None" = None,
    names: tuple[str, str] = ("", ""),
    because: str = "",
    protocol: str = "",
    may_use_ids: bool = True,
    may_set_hours: bool = False,
    now: datetime,
) -> Office:
    """Gives a person an office from `since` to `until` (UTC; None: no end) and returns it.

    `names`: family name, given name. `source`: a value of OfficeSource. `by`: the operator or holder who writes it.
    Raises WrongCodiceFiscale, EndsBeforeItStarts, AlreadyHeld, OwnOffice.
    """
    office = Office(
        pharmacy=pharmacy, codice_fiscale=codice_fiscale.normalise(fiscal_code), role=role, since=since, until=until,
        source=source, written_by=by, written_at=now, family_name=names[0][:120], given_name=names[1][:120],
        because=because[:200], protocol=protocol[:60], may_use_ids=may_use_ids, may_set_hours=may_set_hours,
    )  # fmt: skip
    if not codice_fiscale.is_valid(office.codice_fiscale):
        raise WrongCodiceFiscale
    refuse_own(office, by)
    Pharmacy.objects.hold(pharmacy.pk)
    refuse(office)
    before = right_in(office, now)
    office.save(force_insert=True)
    letters.office_news(office, news_between(before, right_in(office, now), now), now)
    note("office.given", office, by, now, source=office.get_source_display())
    return office


@transaction.atomic
def correct(
    office: Office, *, by: "User | None", because: str, protocol: str = "", now: datetime, **facts: Any
) -> bool:
    """Changes these facts (a key of CORRECTED each) of an office. False when all of them are so already.

    A row of a file that a person corrects stops following the files: its source becomes DESK (an operator) or DELEGATION.
    Raises EndsBeforeItStarts, AlreadyHeld, OwnOffice; TypeError for an unknown fact.
    """
    if unknown := facts.keys() - CORRECTED:
        raise TypeError(f"Not a fact of an office that can be corrected: {', '.join(sorted(unknown))}")
    refuse_own(office, by)
    before = hold(office, now)
    was = {name: getattr(office, name) for name in facts}
    changed = {name: value for name, value in facts.items() if value != was[name]}
    if not changed:
        return False
    for name, value in changed.items():
        setattr(office, name, value)
    refuse(office)
    sign(office, by, because, protocol, now)
    office.save()
    letters.office_news(office, news_between(before, right_in(office, now), now), now)
    note("office.corrected", office, by, now, what=changes_in_words(was, changed))
    return True


@transaction.atomic
def end(
    office: Office,
    until: datetime,
    *,
    by: "User | None" = None,
    because: str,
    protocol: str = "",
    now: datetime,
    of_the_file: bool = False,
) -> bool:
    """Ends an office at `until` (UTC). False when it ends then or earlier already. Never deletes a row.

    `until`: the midnight in Rome after the last day (terms.ends_after), or `now` for a delegation that is taken back. An office
    that has not begun by then ends at its own beginning: it is never in force. `of_the_file`: an operator approves the end that a
    file proposed, so the row goes on following the files.
    """
    before = hold(office, now)
    until = max(until, office.since)
    if office.until is not None and office.until <= until:
        return False
    office.until, office.ending_waits, source = until, None, office.source
    sign(office, by, because, protocol, now)
    office.source = source if of_the_file else office.source
    office.save()
    letters.office_news(office, news_between(before, right_in(office, now), now), now)
    note("office.ended", office, by, now)
    return True


def hold(office: Office, now: datetime) -> Right | None:
    """Locks the pharmacy, reads the office again, and returns the person's right to certify before the act."""
    Pharmacy.objects.hold(office.pharmacy_id)
    office.refresh_from_db()
    return right_in(office, now)


def right_in(office: Office, now: datetime) -> Right | None:
    return right_of(Office.objects.filter(pharmacy=office.pharmacy_id, codice_fiscale=office.codice_fiscale), now)


def refuse(office: Office) -> None:
    if office.until is not None and office.until <= office.since:
        raise EndsBeforeItStarts
    same = Office.objects.filter(
        Q(until=None) | Q(until__gt=office.since),
        pharmacy=office.pharmacy_id, codice_fiscale=office.codice_fiscale, role=office.role,
    ).exclude(Q(pk=office.pk) | Q(until=F("since")))  # fmt: skip
    if office.until is not None:
        same = same.filter(since__lt=office.until)
    if same.exists():
        raise AlreadyHeld


def refuse_own(office: Office, by: "User | None") -> None:
    """Raises OwnOffice when an operator's names give the letters of the codice fiscale: the account has no code to compare."""
    if by is None or not by.is_staff or not (by.family_name and by.given_name):
        return
    if name_letters.fits(office.codice_fiscale, by.family_name, by.given_name):
        raise OwnOffice


def sign(office: Office, by: "User | None", because: str, protocol: str, now: datetime) -> None:
    """Writes the author on the row. A person's word takes the row away from the files."""
    office.written_by, office.written_at = by, now
    office.because, office.protocol = because[:200], protocol[:60]
    if by is not None:
        if office.source == OfficeSource.FILE:
            office.source = OfficeSource.DESK if by.is_staff else OfficeSource.DELEGATION
        office.absent_since = office.ending_waits = None


def note(verb: str, office: Office, by: "User | None", now: datetime, **detail: str) -> None:
    """Writes one line of the journal about an office; `detail` goes before the facts of the row."""
    about = {**note_of(office), **detail}
    record(verb, now=now, actor=by, about=office.pharmacy.code, subject=office, **about)


def note_of(office: Office) -> dict[str, str]:
    """Returns the detail of a journal line about this office: the codice fiscale is masked."""
    masked = mask_codice_fiscale(office.codice_fiscale)
    return {
        "who": f"{office.name} ({masked})" if office.name else masked,
        "role": office.in_words,
        "period": terms.in_words(office.since, office.until),
        "protocol": f", protocollo {office.protocol}" if office.protocol else "",
        "because": office.because,
    }


def changes_in_words(was: dict[str, Any], became: dict[str, Any]) -> str:
    """`ruolo da direttore a delegato; fino al da nessun giorno a 31/12/2026`."""
    changes = []
    for name, value in became.items():
        label = str(getattr(Office._meta.get_field(name), "verbose_name", name))
        changes.append(f"{label} da {_value(name, was[name])} a {_value(name, value)}")
    return "; ".join(changes)


def _value(name: str, value: Any) -> str:
    if name == "role":
        return str(Office.Role(value).label)
    if isinstance(value, datetime):
        return f"{terms.last_day(value) if name == 'until' else terms.first_day(value):%d/%m/%Y}"
    if isinstance(value, bool):
        return "sì" if value else "no"
    return str(value) if value else "niente"
