"""«Registro attività» of the whole portal: search, filters, export. Requires the role «sicurezza»."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from django import forms
from django.core.validators import RegexValidator
from django.db.models import Q, Value
from django.db.models.functions import Concat
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from pharmacies.models import Pharmacy
from portal.database.paging import in_pages
from portal.identity.access import staff_of, staff_required
from portal.identity.models import User
from portal.identity.staff_step_up import StepUp
from portal.journal.models import PORTAL, Entry, EntryQuerySet
from portal.journal.verbs import sentence
from portal.secrets.masking import mask_people_in
from portal.time.clock import ROME, now_of
from sessions.staff.lists.how_many import counted_pages
from sessions.staff.lists.sheets import MOMENT, Cell, Sheet, csv_lines, taken_away
from sessions.staff.timeline import KINDS, TimelineFilter, midnight

LINES_A_PAGE = 50
LOOKS_BACK = timedelta(days=31)
COUNTED = 1000  # at most so many pages: beyond, the operator narrows the search
FURTHER_KINDS = {
    "operatori": ("Operatori e accessi", ("staff.", "logins.", "person.", "archive.", "clock.")),
    "contesti": ("Contesti e certificati", ("context.", "certificate.")),
    "registro": ("Registro delle farmacie ed elenchi", ("register.", "asl.", "list.", "bulk.", "journal.")),
}
SHEET = Sheet(
    "registro",
    (
        ("Quando", 17), ("Chi", 30), ("Che cosa", 90), ("Farmacia", 12), ("Da dove", 20), ("Verbo", 26),
        ("Oggetto", 34), ("Numero", 10),
    ),
    lambda _: [],
)  # fmt: skip


class JournalFilter(TimelineFilter):
    """The filters of a pharmacy's timeline, and by name, pharmacy, network address."""

    persona = forms.CharField(
        label="Nome", max_length=80, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    farmacia = forms.CharField(
        label="Codice farmacia",
        max_length=10,
        required=False,
        validators=[RegexValidator(r"^\w+$", "Il codice è di sole cifre e lettere.")],
    )
    origine = forms.GenericIPAddressField(
        label="Da dove",
        required=False,
        error_messages={"invalid": "Scrivi un indirizzo di rete, per esempio 192.0.2.7."},
    )
    field_order = ("tipo", "chi", "persona", "farmacia", "origine", "dal", "al")
    KINDS = {**KINDS, **FURTHER_KINDS}

    @property
    def looks_back(self) -> bool:
        """Whether only the last LOOKS_BACK days are searched: the filters have no index, and no period is set."""
        without_index = any(self.value(name) for name in ("tipo", "chi", "origine"))
        return without_index and not any(self.value(name) for name in ("dal", "farmacia"))


@staff_required("sicurezza")
@require_safe
def journal(request: HttpRequest) -> HttpResponse:
    """The journal entries that the filters find, newest first."""
    form = JournalFilter(request.GET)
    pages, number = counted_pages(_found(form, staff_of(request), now_of(request)), LINES_A_PAGE, COUNTED)
    shown = pages.get_page(request.GET.get("pagina"))
    context = {
        "form": form,
        "page_obj": shown,
        "how_many": number.words(_("voce"), _("voci")),
        "timeline": [(entry, sentence(entry.verb, entry.detail)) for entry in shown],
        "filtered": any(form.value(name) for name in form.fields),
        "query": request.GET.urlencode(),
        "looks_back": LOOKS_BACK.days if form.looks_back else 0,
    }
    return render(request, "staff/journal.html", context)


@staff_required("sicurezza", step_up=StepUp.FILE)
@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """Streams the same entries as a CSV, and records the export in the journal."""
    form, user, now = JournalFilter(request.GET), staff_of(request), now_of(request)
    if not form.is_valid():  # the page shows the error; an export would hold more than intended
        return redirect(f"{request.path.removesuffix('csv/')}?{request.GET.urlencode()}")
    taken_away(request, "journal.exported", filters=_in_words(form))
    entries = in_pages(partial(_older, _found(form, user, now).filter(at__lte=now)))
    answer = StreamingHttpResponse(csv_lines(SHEET, _rows(entries)), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="registro-{now.astimezone(ROME):%Y-%m-%d-%H%M}.csv"'
    return answer  # type: ignore[return-value]  # to Django a response like any other


def _found(form: JournalFilter, user: User, now: datetime) -> EntryQuerySet:
    """The entries of the operator's territory; one that is limited sees none that are about no pharmacy.

    Every search uses an index (time, pharmacy or actor) or a period.
    """
    found = form.narrow(Entry.objects.select_related("actor").order_by("-at", "-pk"))
    if form.looks_back:
        until = form.value("al")
        found = found.filter(at__gte=(midnight(until) if until else now) - LOOKS_BACK)
    if not user.territory.is_whole_nation:
        found = found.filter(about__in=Pharmacy.objects.visible_to(user).order_by().values("code"))
    if name := form.value("persona"):
        found = found.filter(_by(name))
    if code := form.value("farmacia"):
        found = found.filter(about=Pharmacy.objects.code_meant_by(code))
    if origin := form.value("origine"):
        found = found.filter(origin=origin)
    return found


def _older(entries: EntryQuerySet, last: Entry | None) -> EntryQuerySet:
    """The entries that follow `last` in the order of _found()."""
    if last is None:
        return entries
    return entries.filter(at__lte=last.at).filter(Q(at__lt=last.at) | Q(pk__lt=last.pk))


def _by(name: str) -> Q:
    """Entries by the people with this name or username: searches the few accounts, not the millions of entries."""
    people = User.objects.annotate(full=Concat("given_name", Value(" "), "family_name"))
    found = Q(actor__in=people.filter(Q(full__icontains=name) | Q(username__iexact=name)).order_by().values("pk"))
    return found | Q(actor=None) if name.casefold() in PORTAL.casefold() else found


def _rows(entries: Iterator[Entry]) -> Iterator[list[Cell]]:
    for entry in entries:
        words = mask_people_in(sentence(entry.verb, entry.detail))
        at = f"{entry.at.astimezone(ROME):{MOMENT}}"
        yield [at, mask_people_in(entry.who), words, entry.about, entry.origin, entry.verb, entry.subject, entry.pk]


def _in_words(form: JournalFilter) -> str:
    """`chi operatori, dal 2026-11-01`: the journal's text about an export, without the name that was searched."""
    parts = [f"{name} {form.value(name)}" for name in form.fields if form.value(name) and name != "persona"]
    if form.value("persona"):
        parts.append("per nome")
    if form.looks_back:
        parts.append(f"{LOOKS_BACK.days} giorni")
    return ", ".join(parts) or "tutto"
