"""The page «Avvisi e promemoria»: which reminders the pharmacy gets about its ids."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_http_methods

from pharmacies import site_words
from pharmacies.access import OfficeRequest, hours_required
from pharmacies.models import CopyMailbox, MailCertification, Pharmacy
from portal.database.composed import Composed
from portal.identity.models import User
from portal.time.clock import now_of, relative_day
from sessions.hours.in_words import Piece, Spoken, said_once
from sessions.hours.moments import Moment, reason
from sessions.hours.openings import Openings
from sessions.models import IdSessione, Reminder, ReminderSettings
from sessions.models.calendar_days import ComingDays
from sessions.models.reminder import OFFERED_MINUTES
from sessions.preferences.next_holidays import holidays_that_count
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
_CERTIFIED = Composed(
    lambda pharmacy: (
        MailCertification.objects.current().filter(pharmacy=pharmacy).select_related("pharmacy__reminder_settings")
    )
)
_LIVE = Composed(
    lambda pharmacy, now: (
        IdSessione.objects.filter(pharmacy=pharmacy)
        .live(now)
        .select_related("context", "utenza")
        .order_by("expires_at")
    )
)


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
        label=gettext_lazy("Se all’ora dell’avviso la %(noun)s è chiusa"),
        help_text=gettext_lazy(
            "Per la pausa, la notte, le ferie o una festa. Vale quando ci hai detto gli orari. Nei turni la %(noun)s è aperta."
        ),
        choices=[
            (BEFORE, ""),
            (AFTER, gettext_lazy("scrivimi sempre alla riapertura, anche se l’ID sarà già scaduto")),
        ],
        required=False,
        widget=forms.RadioSelect,
    )
    scaduto = forms.BooleanField(
        label="Scrivici anche quando l’ID è scaduto",
        help_text="Non arriva se nel frattempo avete già un ID nuovo.",
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        minutes = int(settings.REMINDER_REOPENING_LEAVES.total_seconds() // 60)
        before = gettext(
            "scrivimi alla riapertura, se mancano almeno %(minutes)s minuti alla scadenza; altrimenti prima della chiusura, con "
            "l’anticipo scelto qui sopra"
        )
        field = cast(forms.ChoiceField, self.fields["a_chiusa"])
        after = gettext("scrivimi sempre alla riapertura, anche se l’ID sarà già scaduto")
        field.choices = [(BEFORE, before % {"minutes": minutes}), (AFTER, after)]

    def wishes(self) -> Wishes:
        """The choices of a valid form."""
        data = self.cleaned_data
        return Wishes(data["minuti"], data["scaduto"], data["a_chiusa"] == AFTER)


@hours_required
@require_http_methods(["GET", "HEAD", "POST"])
def reminders(request: OfficeRequest) -> HttpResponse:
    """Shows the planned letters and the form; POST saves."""
    now, pharmacy = now_of(request), request.pharmacy
    certification = _CERTIFIED.first(pharmacy.pk)
    chosen = ReminderSettings.objects.of(certification.pharmacy if certification else pharmacy)
    start = {
        "minuti": chosen.minutes_before, "scaduto": chosen.tell_when_expired, "a_chiusa": AFTER if chosen.at_opening else BEFORE,
    }  # fmt: skip
    form = RemindersForm(request.POST if request.method == "POST" else None, initial=start)
    site_words.fill(form, pharmacy)
    if request.method == "POST" and form.is_valid():
        choose(pharmacy, form.wishes(), request.user, now)
        messages.success(request, "Preferenze salvate: valgono anche per gli ID SESSIONE già attivi.")
        return redirect("sessions:reminders", pharmacy.code)
    days = ComingDays.of(pharmacy.pk, now)
    copies = list(CopyMailbox.objects.open().filter(pharmacy=pharmacy).order_by("named_at", "pk"))
    context = {
        "pharmacy": pharmacy,
        "office": request.office,
        "current": "reminders",
        "form": form,
        "chosen": chosen,
        "own_copy": next((row for row in copies if row.person_id == request.user.pk), None),
        "copy_to_confirm": request.office.may_certify and _copy_to_confirm(copies, request.user),
        "week": chosen.week,
        "nights": days.nights,
        "day_duties": days.duties,
        "closures": days.closures,
        "next_holiday": next(
            (day for day in holidays_that_count(pharmacy, chosen, now, days) if not (day.is_open or day.is_on_duty)),
            None,
        ),
        "coming": _coming(pharmacy, chosen.openings(now, days), now),
        "certification": certification,
        "address_in_force": certification,
        "is_reachable": certification is not None and certification.undeliverable_at is None,
    }
    return render(request, "sessions/reminders.html", context)


def _copy_to_confirm(copies: list[CopyMailbox], holder: User) -> bool:
    """True while copies go to a mailbox that this holder named before codes were asked for, or that nobody known named."""
    return any(
        row.person_id in (holder.pk, None) and row.is_older and row.confirmed_at is None and row.refused_at is None
        for row in copies
    )


@dataclass(frozen=True)
class ComingLetters:
    """The planned letters about one live id, or why there are none."""

    row: IdSessione
    renewed: bool  # none, because a newer id is live
    planned: list[Piece]  # of one sentence: when, and why then
    last_letter_at: datetime | None  # the newest letter about its end (UTC)
    skipped: str  # why the newest reminder was skipped


def _coming(pharmacy: Pharmacy, openings: Openings | None, now: datetime) -> list[ComingLetters]:
    """One row for each live id, by expiry."""
    rows = _LIVE.all(pharmacy.pk, now)
    over = renewed(rows, now)
    reminders: dict[int, list[Reminder]] = defaultdict(list)
    for reminder in Reminder.objects.by_mail().filter(id_sessione__in=rows).order_by("due_at"):
        reminders[reminder.id_sessione_id].append(reminder)
    return [_of_one(row, row.pk in over, reminders[row.pk], openings, now) for row in rows]


def _of_one(
    row: IdSessione, is_renewed: bool, reminders: list[Reminder], openings: Openings | None, now: datetime
) -> ComingLetters:
    open_ones = [_spoken(reminder, row, openings, now) for reminder in reminders if reminder.settled_at is None]
    planned = said_once(open_ones, partial(relative_day, now=now))
    sent = (reminder.settled_at for reminder in reminders if reminder.letter_id and reminder.settled_at)
    skipped = [reminder.get_skipped_because_display() for reminder in reminders if reminder.skipped_because]
    return ComingLetters(row, is_renewed, planned, max(sent, default=None), skipped[-1] if skipped else "")


def _spoken(reminder: Reminder, row: IdSessione, openings: Openings | None, now: datetime) -> Spoken:
    why = reason(Moment(reminder.minutes_before, reminder.due_at), row.expires_at, openings)
    note = gettext("per dirti che è scaduto") if not reminder.minutes_before else ""
    return Spoken(reminder.due_at, why, note, instead=gettext("tra poco") if reminder.due_at <= now else "")
