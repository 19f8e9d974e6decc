"""«Posta in uscita»: the letters of the outbox, and the domains that refuse them. The text of a letter is never shown."""

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import urlencode

from django import forms
from django.core.validators import RegexValidator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from pharmacies.models import Pharmacy
from portal.identity.access import staff_of, staff_required
from portal.identity.models import User
from portal.identity.staff_step_up import StepUp
from portal.outbox.alarms import alarms
from portal.outbox.models import OutgoingMail
from portal.secrets.masking import domain_of, mask_address, mask_addresses_in
from portal.templatetags.portale import thousands
from portal.time.clock import ROME, in_words, now_of
from sessions.staff.lists.follow import LETTER_IS_LATE_AFTER
from sessions.staff.lists.letter_listing import LOOKED_AT, LetterCounts, LetterListing, LetterState
from sessions.staff.lists.sheets import MOMENT, Cell, Sheet, csv_lines, taken_away
from sessions.staff.mail.letter_acts import FROM_OUTBOX
from sessions.staff.mail.unread_reports import unread_by

OLDEST = "Il più vecchio"  # links to the same list as «In attesa»
SHEET = Sheet(
    "posta-in-uscita",
    (
        ("Preparato", 17), ("Messaggio", 24), ("Farmacia", 12), ("A chi", 36), ("Esito", 40), ("Risposta del server", 60),
        ("Tentativi", 10), ("Prossimo tentativo", 17), ("Serve fino a", 17),
    ),
    lambda _: [],
)  # fmt: skip


class LetterFilter(forms.Form):
    """Shows the error of an invalid value and ignores it: the page is rendered all the same."""

    stato = forms.ChoiceField(
        label="Esito",
        choices=[("", "Tutti"), *LetterState.choices],
        required=False,
        error_messages={"invalid_choice": "Questo esito non esiste: li vedi tutti."},
    )
    tipo = forms.ChoiceField(
        label="Messaggio",
        choices=[("", "Tutti"), *((value, capfirst(words)) for value, words in OutgoingMail.Kind.choices)],
        required=False,
        error_messages={"invalid_choice": "Questo messaggio non esiste: li vedi tutti."},
    )
    dominio = forms.CharField(
        label="Dominio del destinatario",
        max_length=253,
        required=False,
        validators=[RegexValidator(r"^[\w.-]+$", "Scrivi solo ciò che segue la chiocciola, per esempio farmacia.it.")],
        error_messages={"max_length": "È troppo lungo: per ora li vedi tutti."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    farmacia = forms.CharField(
        label="Codice farmacia",
        max_length=10,
        required=False,
        validators=[RegexValidator(r"^\w+$", "Il codice è di sole cifre e lettere.")],
        error_messages={"max_length": "Il codice è al massimo di 10 caratteri: per ora le vedi tutte."},
    )

    def value(self, name: str) -> str:
        """The value of this filter; "" when it is invalid."""
        self.is_valid()  # fills cleaned_data with the valid fields
        return str(self.cleaned_data.get(name, ""))

    def clean_dominio(self) -> str:
        return str(self.cleaned_data["dominio"]).lower()

    def letters(self, user: User) -> LetterListing:
        """The letters that these filters find in the territory of `user`."""
        code = Pharmacy.objects.code_meant_by(self.value("farmacia"))
        return LetterListing(user, self.value("stato"), self.value("tipo"), self.value("dominio"), code)

    def query(self) -> dict[str, str]:
        """The valid filters that are not empty, for a short URL."""
        return {name: value for name in self.fields if (value := self.value(name))}

    def in_words(self) -> str:
        """`stato rifiutati, dominio farmacia.it`: the journal's text about an export."""
        return ", ".join(f"{name} {value}" for name, value in self.query().items()) or "tutti"


@staff_required
@require_safe
def outbox(request: HttpRequest) -> HttpResponse:
    """The letters that the filters find, counts of the waiting and of today's failures, the domains that refuse."""
    if "@" in request.GET.get("dominio", ""):  # no URL may hold a whole address: keep its domain
        return redirect(
            f"{request.path}?{urlencode({**request.GET.dict(), 'dominio': domain_of(request.GET['dominio'])})}"
        )
    form, now = LetterFilter(request.GET), now_of(request)
    letters, query = form.letters(staff_of(request)), form.query()
    page = letters.page(_key(request, "dopo"), _key(request, "prima"))
    context = {
        "form": form,
        "page": page,
        "how_many": letters.how_many(page).words(gettext("messaggio"), gettext("messaggi")),
        "query": urlencode(query),
        "filtered": bool(query),
        "counters": _counters(letters.counts(now), now, form.value("stato")),
        "domains": letters.failing_domains(now),
        "unread": unread_by(staff_of(request)).count(),
        "alarms": alarms(now),
        "may_decide": staff_of(request).territory.is_whole_nation,
        "waiting_longest_first": form.value("stato") == LetterState.WAITING,
        "looked_at": LOOKED_AT if letters.is_of_the_newest else 0,
        "roles": staff_of(request).roles,
        "back_here": f"?{urlencode({FROM_OUTBOX: request.GET.urlencode()})}",
    }
    return render(request, "staff/outbox.html", context)


@staff_required("lettura", step_up=StepUp.FILE)
@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """Streams the same letters as a CSV, and records the export in the journal."""
    form, user, now = LetterFilter(request.GET), staff_of(request), now_of(request)
    if not form.is_valid():  # the page shows the error; an export would hold more than intended
        return redirect(f"{reverse('staff:outbox')}?{request.GET.urlencode()}")
    taken_away(request, "list.letters", asked_for=form.in_words())
    answer = StreamingHttpResponse(
        csv_lines(SHEET, _rows(form.letters(user).every())), content_type="text/csv; charset=utf-8"
    )
    answer["Content-Disposition"] = f'attachment; filename="{SHEET.name}-{now.astimezone(ROME):%Y-%m-%d-%H%M}.csv"'
    return answer  # type: ignore[return-value]  # to Django a response like any other


def _key(request: HttpRequest, name: str) -> int | None:
    """Primary key of the letter in a link to another page; None when it is absent or invalid."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _rows(letters: Iterator[OutgoingMail]) -> Iterator[list[Cell]]:
    for letter in letters:
        next_try = f"{letter.next_attempt_at.astimezone(ROME):{MOMENT}}" if letter.is_waiting else ""
        yield [
            f"{letter.created_at.astimezone(ROME):{MOMENT}}", letter.get_kind_display(), letter.about,
            mask_address(letter.recipient), letter.outcome, mask_addresses_in(letter.last_answer), letter.attempts,
            next_try, f"{letter.give_up_at.astimezone(ROME):{MOMENT}}",
        ]  # fmt: skip


def _counters(counts: LetterCounts, now: datetime, state: str) -> list[dict[str, object]]:
    """The tiles; each links to the list of the letters that it counts."""
    waited = now - counts.oldest if counts.oldest else None
    is_late = waited is not None and waited > LETTER_IS_LATE_AFTER
    tiles = (
        ("In attesa", thousands(counts.waiting), "di partire", "warn" if counts.waiting else "ok", "it-mail", LetterState.WAITING),
        (OLDEST, in_words(waited) if waited is not None else "–", "di attesa", "bad" if is_late else "ok", "it-clock", LetterState.WAITING),
        ("Rifiutati", thousands(counts.refused), "oggi, dal server del destinatario", "bad", "it-error", LetterState.REFUSED),
        ("Non inviati in tempo", thousands(counts.too_late), "oggi, nessun server li ha presi", "bad", "it-ban", LetterState.TOO_LATE),
    )  # fmt: skip
    return [
        {
            "word": word, "number": number, "hint": hint, "kind": kind, "icon": icon, "chosen": state == leads_to and word != OLDEST,
            "url": f"{reverse('staff:outbox')}?{urlencode({'stato': leads_to.value})}",
        }
        for word, number, hint, kind, icon, leads_to in tiles
    ]  # fmt: skip
