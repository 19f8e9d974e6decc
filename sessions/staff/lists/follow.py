"""«Da seguire»: what the staff should look at first, at most OF_EACH lines of a kind."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, IntegerField, Min, Q, QuerySet, Value, Window
from django.urls import reverse
from django.utils.translation import gettext, ngettext

from pharmacies.models import Pharmacy, Utenza
from portal.identity.models import LoginRecord
from portal.identity.staff.traces import refusals
from portal.outbox.alarms import MailAlarms, alarms, ill_mail
from portal.time import database_clock
from portal.time.clock import in_words
from sessions.models import IdSessione, NightDuty, Reminder
from sessions.staff.lists.follow_door import follow_door
from sessions.staff.lists.follow_people import follow_people
from sessions.staff.lists.follow_register import follow_register
from sessions.staff.lists.letter_listing import LetterState
from sessions.staff.lists.pharmacy_status import StatusRow
from sessions.staff.lists.selection import PharmacySelection
from sessions.staff.lists.thing import OF_EACH, Thing
from sessions.staff.lists.urgency import Urgency, expired, live

LETTER_IS_LATE_AFTER = timedelta(minutes=5)
CLOSING_IS_NEWS_FOR = timedelta(days=7)
REMINDER_IS_LATE_AFTER = timedelta(minutes=2)  # the timetable looks every few seconds


class Follow:
    """Finds the lines in a few queries, whatever the number of rows. The caller reads the ids of `keys` with its own, and passes them to `things`.

    `on_duty`: False when the counters found no expired id of a pharmacy on duty, which costs a look at all that expired today.
    """

    def __init__(self, selection: PharmacySelection, now: datetime, *, on_duty: bool = True) -> None:
        self.place, self.now, self._on_duty = selection.place_only, now, on_duty
        found = self._found()
        self._why = [(pk, kind) for pk, kind in found if kind not in (_MAIL, _DOOR)]
        self._portal_kinds = {kind for _, kind in found}

    @property
    def keys(self) -> list[int]:
        """Primary keys of the ids that the lines are about."""
        return [pk for pk, _ in self._why]

    def things(self, ids: dict[int, IdSessione]) -> list[Thing]:
        """The lines, worst first. `ids` holds the ids of `keys`."""
        rows = [(StatusRow(ids[pk].pharmacy, ids[pk], self.now), kind) for pk, kind in self._why]  # type: ignore[arg-type]
        closings = follow_closings(self.place, self.now)
        ids_of_now = (_of_id(row, kind) for row, kind in rows)
        people = follow_people(self.place, self.now)
        door = follow_door(self.now) if _DOOR in self._portal_kinds else []
        portal = [*door, *self._mail(), *self._reminders(), *follow_register(self.now)]
        return [*portal, *self._anomalies(), *ids_of_now, *closings, *people]

    def _found(self) -> list[tuple[int, int]]:
        """Reads (key of an id, kind of line) in one query: refused letters, pharmacies on duty tonight without a live id,
        late letters; and whether the mail and, for operators of the whole nation, the staff's door have an alarm.
        """
        late = {"letter__accepted_at": None, "letter__failed_at": None, "letter__withdrawn_at": None}
        on_duty = NightDuty.objects.of_tonight(self.now).values("pharmacy")
        kinds = (
            (_REFUSED, self.place.ids_of(Urgency.UNDELIVERED, self.now).order_by("-letter__failed_at", "pk")),
            (_ON_DUTY, self.place.ids(self.now, expired(self.now)).filter(pharmacy__in=on_duty).order_by("-expires_at", "pk")),
            (_LATE, self.place.ids(self.now, live(self.now) & Q(letter__created_at__lt=self.now - LETTER_IS_LATE_AFTER, **late), only_live=True)
             .order_by("letter__created_at", "pk")),
        )  # fmt: skip
        parts = [
            IdSessione.objects.filter(pk__in=found.values("pk")[:OF_EACH])
            .annotate(kind=Value(kind, IntegerField()))
            .values_list("pk", "kind")
            for kind, found in kinds
            if kind != _ON_DUTY or self._on_duty
        ]
        ill = [rows.annotate(why=Value(_MAIL, IntegerField())).values_list("pk", "why") for rows in ill_mail(self.now)]
        if self.place.territory.is_whole_nation:
            refused = refusals(database_clock.real_of(self.now))[:1].values("pk")
            door = LoginRecord.objects.filter(pk__in=refused).annotate(why=Value(_DOOR, IntegerField()))
            ill.append(door.values_list("pk", "why"))
        together: QuerySet[Any, Any] = parts[0].union(*parts[1:], *ill, all=True)
        return sorted(together, key=lambda pair: pair[1])

    def _anomalies(self) -> list[Thing]:
        found = self._in_place(Utenza.objects.blocked_by_anomaly())
        return [Thing("bad", "it-lock", "", utenza=utenza) for utenza in found[:OF_EACH]]

    def _in_place(self, found: QuerySet[Any]) -> QuerySet[Any]:
        """Narrows to the rows whose pharmacy is in the selected place."""
        return found if self.place.is_everywhere else found.filter(pharmacy__in=self.place.pharmacies(self.now))

    def _mail(self) -> list[Thing]:
        """Problems of the whole portal's mail: servers that refuse us, mailboxes that wait for a decision."""
        if _MAIL not in self._portal_kinds:
            return []
        things, found = [], alarms(self.now)
        if found.for_us:
            words = _refused_for_us(found)
            url = f"{reverse('staff:outbox')}?stato={LetterState.FOR_US}"
            things.append(Thing("bad", "it-error", words, title=gettext("La posta ci viene rifiutata"), url=url))
        for domain, mailboxes in found.held[:OF_EACH] if self.place.territory.is_whole_nation else ():
            words = ngettext(
                "Una casella di %(domain)s sembra inesistente insieme a troppe altre: nessuna è stata segnata.",
                "%(mailboxes)s caselle di %(domain)s sembrano inesistenti tutte insieme: nessuna è stata segnata.",
                mailboxes,
            ) % {"mailboxes": mailboxes, "domain": domain}
            things.append(
                Thing(
                    "bad", "it-mail", words, title=gettext("Caselle da decidere"), url=reverse("staff:held_mailboxes")
                )
            )
        return things

    def _reminders(self) -> list[Thing]:
        due = self._in_place(Reminder.objects.due(self.now - REMINDER_IS_LATE_AFTER).order_by())
        late = due.aggregate(n=Count("pk"), at=Min("due_at"))
        if not late["n"]:
            return []
        many = (
            f"{late['n']} promemoria non sono ancora partiti" if late["n"] > 1 else "Un promemoria non è ancora partito"
        )
        return [
            Thing(
                "bad",
                "it-error",
                f"{many}: il più vecchio doveva partire da {in_words(self.now - late['at'])}.",
                title="Promemoria in ritardo",
            )
        ]


def _refused_for_us(found: MailAlarms) -> str:
    words = ngettext(
        "Un messaggio non arriva: il portale viene rifiutato da %(domains)s. Nessun indirizzo è segnato.",
        "%(letters)s messaggi non arrivano: il portale viene rifiutato da %(domains)s. Nessun indirizzo è segnato.",
        found.for_us,
    ) % {"letters": found.for_us, "domains": ", ".join(found.domains) or gettext("un server di posta")}
    if found.waiting:
        again = ngettext("Uno si riprova da solo.", "%(number)s si riprovano da soli.", found.waiting)
        words += " " + again % {"number": found.waiting}
    if found.back:
        lost = ngettext("Uno non si riprova più da solo.", "%(number)s non si riprovano più da soli.", found.back)
        words += " " + lost % {"number": found.back}
    return words


def follow_closings(place: PharmacySelection, now: datetime) -> list[Thing]:
    """Closings by the register: how many wait for a confirmation, then the newest that took effect. One query."""
    noted = Q(closed_on__isnull=False, closing_noted_at__gt=now - CLOSING_IS_NEWS_FOR)
    found = list(
        place.in_place(Pharmacy.objects.filter(noted | Q(closing_waits__isnull=False)))
        .annotate(
            waiting=Window(Count("closing_waits")),
            parafarmacie=Window(Count("closing_waits", filter=Q(type=Pharmacy.Type.PARAFARMACIA))),
        )
        .order_by(F("closing_noted_at").desc(nulls_last=True), "pk")[:OF_EACH]
    )
    lines = [
        Thing("warn", "it-ban", f"{closing_words(one)} dal {one.closed_on:%d/%m/%Y}", row=StatusRow(one, None, now))
        for one in found
        if one.closing_noted_at is not None and one.closing_waits is None
    ]
    waiting = found[0].waiting if found else 0  # type: ignore[attr-defined]
    if waiting:
        words = _waiting_words(waiting, found[0].parafarmacie)  # type: ignore[attr-defined]
        title, url = gettext("Chiusure da confermare"), reverse("staff:closings")
        lines.insert(0, Thing("bad", "it-error", words, title=title, url=url, role="sicurezza"))
    return lines


def _waiting_words(waiting: int, parafarmacie: int) -> str:
    if 0 < parafarmacie < waiting:
        numbers = {"pharmacies": waiting - parafarmacie, "others": parafarmacie}
        return (
            gettext("I registri nazionali chiudono farmacie (%(pharmacies)s) e parafarmacie (%(others)s): serve un sì.")
            % numbers
        )
    if parafarmacie:
        words = ngettext(
            "Il registro nazionale chiude una parafarmacia insieme a troppe altre: serve un sì.",
            "Il registro nazionale chiude %(number)s parafarmacie in una volta: serve un sì.",
            waiting,
        )
    else:
        words = ngettext(
            "Il registro nazionale chiude una farmacia insieme a troppe altre: serve un sì.",
            "Il registro nazionale chiude %(number)s farmacie in una volta: serve un sì.",
            waiting,
        )
    return words % {"number": waiting}


def closing_words(pharmacy: Pharmacy) -> str:
    """Why the register closes the pharmacy: the beginning of its line."""
    if pharmacy.absent_since is not None:
        return gettext("Manca dal registro nazionale: chiusa")
    return gettext("Chiusa dal registro nazionale")


_REFUSED, _ON_DUTY, _LATE, _MAIL, _DOOR = range(5)


def _of_id(row: StatusRow, kind: int) -> Thing:
    letter = row.letter
    assert letter is not None  # noqa: S101  a row of an id
    if kind == _REFUSED:
        return Thing("bad", "it-error", letter.outcome, row=row)
    if kind == _ON_DUTY:
        return Thing("bad", "it-ban", f"Di turno stanotte, ID scaduto da {in_words(row.left)}", row=row)
    return Thing("warn", "it-clock", f"Consegna in ritardo da {in_words(row.now - letter.created_at)}", row=row)
