"""The page «Avvisi e promemoria»: which reminders the pharmacy gets about its ids."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from pharmacies.access import OfficeRequest, hours_required
from pharmacies.models import CopyMailbox, MailCertification, Pharmacy
from pharmacies.models.copy_mailbox import CopyMailboxQuerySet
from portal.identity.models import User
from portal.time.clock import now_of
from sessions.hours.moments import Moment, reason
from sessions.hours.openings import Openings
from sessions.models import IdSessione, NightDuty, Reminder, ReminderSettings
from sessions.models.reminder import OFFERED_MINUTES
from sessions.reminders.facts import renewed
from sessions.reminders.planning import Wishes, choose

WORDS = {
    120: "2 ore prima",
    90: "un’ora e mezza prima",
    60: "un’ora prima",
    30: "mezz’ora prima",
    15: "un quarto d’ora prima",
}
BEFORE, AFTER = "chiusura", "apertura"


class RemindersForm(forms.Form):
    minuti = forms.TypedMultipleChoiceField(
        label="Quando ti scriviamo prima della scadenza",
        help_text="Puoi sceglierne più di uno, o nessuno.",
        choices=[(minutes, f"{WORDS[minutes]} ({minutes} minuti)") for minutes in OFFERED_MINUTES],
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    a_chiusa = forms.ChoiceField(
        label="Se l’ID scade mentre la farmacia è chiusa",
        help_text="Vale quando ci hai detto gli orari. Nelle notti di turno ti scriviamo comunque all’ora giusta.",
        choices=[
            (BEFORE, "scrivimi prima della chiusura, con l’anticipo scelto qui sopra"),
            (AFTER, "scrivimi alla riapertura: troverò scritto che è scaduto"),
        ],
        required=False,
        widget=forms.RadioSelect,
    )
    scaduto = forms.BooleanField(
        label="Scrivici anche quando l’ID è scaduto",
        help_text="Non arriva se nel frattempo avete già un ID nuovo.",
        required=False,
    )

    def wishes(self) -> Wishes:
        """The choices of a valid form."""
        data = self.cleaned_data
        return Wishes(data["minuti"], data["scaduto"], data["a_chiusa"] == AFTER)


@hours_required
@require_http_methods(["GET", "HEAD", "POST"])
def reminders(request: OfficeRequest) -> HttpResponse:
    """Shows the planned letters and the form; POST saves."""
    now, pharmacy = now_of(request), request.pharmacy
    chosen = ReminderSettings.objects.of(pharmacy)
    start = {
        "minuti": chosen.minutes_before, "scaduto": chosen.tell_when_expired, "a_chiusa": AFTER if chosen.at_opening else BEFORE,
    }  # fmt: skip
    form = RemindersForm(request.POST if request.method == "POST" else None, initial=start)
    if request.method == "POST" and form.is_valid():
        choose(pharmacy, form.wishes(), request.user, now)
        messages.success(request, "Preferenze salvate: valgono anche per gli ID SESSIONE già attivi.")
        return redirect("sessions:reminders", pharmacy.code)
    certification = MailCertification.objects.current().filter(pharmacy=pharmacy).first()
    copies = CopyMailbox.objects.open().filter(pharmacy=pharmacy)
    context = {
        "pharmacy": pharmacy,
        "office": request.office,
        "current": "reminders",
        "form": form,
        "chosen": chosen,
        "own_copy": copies.filter(person=request.user).order_by("named_at", "pk").first(),
        "copy_to_confirm": request.office.may_certify and _copy_to_confirm(copies, request.user),
        "week": chosen.week,
        "nights": NightDuty.objects.coming(pharmacy.pk, now),
        "coming": _coming(pharmacy, chosen.openings(now), now),
        "certification": certification,
        "is_reachable": certification is not None and certification.undeliverable_at is None,
    }
    return render(request, "sessions/reminders.html", context)


def _copy_to_confirm(copies: CopyMailboxQuerySet, holder: User) -> bool:
    """True while copies go to a mailbox that this holder named before codes were asked for, or that nobody known named."""
    return copies.filter(Q(person=holder) | Q(person=None), is_older=True, confirmed_at=None, refused_at=None).exists()


@dataclass(frozen=True)
class PlannedLetter:
    """One planned letter."""

    at: datetime  # UTC
    why: str  # why at that time, in words
    is_notice: bool  # it says that the id has expired
    is_due: bool  # the next round writes it


@dataclass(frozen=True)
class ComingLetters:
    """The planned letters about one live id, or why there are none."""

    row: IdSessione
    renewed: bool  # none, because a newer id is live
    planned: list[PlannedLetter]
    last_letter_at: datetime | None  # the newest letter about its end (UTC)
    skipped: str  # why the newest reminder was skipped


def _coming(pharmacy: Pharmacy, openings: Openings | None, now: datetime) -> list[ComingLetters]:
    """One row for each live id, by expiry."""
    live = IdSessione.objects.filter(pharmacy=pharmacy).live(now).select_related("context", "utenza")
    rows = list(live.order_by("expires_at"))
    over = renewed(rows, now)
    reminders: dict[int, list[Reminder]] = defaultdict(list)
    for reminder in Reminder.objects.by_mail().filter(id_sessione__in=rows).order_by("due_at"):
        reminders[reminder.id_sessione_id].append(reminder)
    return [_of_one(row, row.pk in over, reminders[row.pk], openings, now) for row in rows]


def _of_one(
    row: IdSessione, is_renewed: bool, reminders: list[Reminder], openings: Openings | None, now: datetime
) -> ComingLetters:
    planned = [_planned(reminder, row, openings, now) for reminder in reminders if reminder.settled_at is None]
    sent = (reminder.settled_at for reminder in reminders if reminder.letter_id and reminder.settled_at)
    skipped = [reminder.get_skipped_because_display() for reminder in reminders if reminder.skipped_because]
    return ComingLetters(row, is_renewed, planned, max(sent, default=None), skipped[-1] if skipped else "")


def _planned(reminder: Reminder, row: IdSessione, openings: Openings | None, now: datetime) -> PlannedLetter:
    why = reason(Moment(reminder.minutes_before, reminder.due_at), row.expires_at, openings)
    return PlannedLetter(reminder.due_at, why, is_notice=not reminder.minutes_before, is_due=reminder.due_at <= now)
