"""«Persone della farmacia»: the offices with their history, and what an operator with the role anagrafica does about them."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from pharmacies.models import Office, OfficeSource, Pharmacy
from pharmacies.people import conflicts, offices, terms
from pharmacies.people.direttore import change_direttore, present_direttori
from pharmacies.people.offices import OfficeRefused
from portal.identity.access import staff_of, staff_required
from portal.secrets.masking import mask_codice_fiscale
from portal.time.clock import now_of
from sessions.staff.confirmed_act import ConfirmedAct, NothingToDo, asks_and_acts, confirmed_act, pharmacy_of
from sessions.staff.pharmacy import office_lines
from sessions.staff.pharmacy.office_forms import CorrectOfficeForm, DirettoreForm, EndOfficeForm, GiveOfficeForm
from sessions.staff.pharmacy.office_forms import OfficeReasonForm as WhyForm


def people_page(_request: HttpRequest, code: str) -> str:
    return reverse("staff:people", args=[code])


@staff_required
@require_safe
def people(request: HttpRequest, code: str) -> HttpResponse:
    """The offices now and later, then those that are over: days, source, author, reason, conflicts."""
    pharmacy, now = pharmacy_of(request, code), now_of(request)
    present, past = office_lines.of(pharmacy, now)
    has_holder = any(line.office.may_certify and line.is_in_force for line in present)
    context = {"pharmacy": pharmacy, "present": present, "past": past, "has_holder": has_holder}
    return render(request, "staff/people.html", context)


@staff_required("anagrafica")
@asks_and_acts
def give(request: HttpRequest, code: str) -> HttpResponse:
    """«Aggiungi una persona»."""
    pharmacy, now = pharmacy_of(request, code), now_of(request)
    form = GiveOfficeForm(request.POST or None, initial={"ruolo": "titolare", "dal": terms.first_day(now)})

    def act() -> str:
        facts = form.facts
        names = facts.pop("family_name"), facts.pop("given_name")
        office = offices.give(
            pharmacy, form.cleaned_data["persona"], facts.pop("role"), source=OfficeSource.DESK, names=names,
            by=staff_of(request), now=now, **facts, **form.why,
        )  # fmt: skip
        return _("%(name)s è registrato come %(role)s.") % {"name": office.name, "role": office.get_role_display()}

    return _ask(request, pharmacy, form, act, title=_("Aggiungi una persona"), button=_("Aggiungi"))


@staff_required("anagrafica")
@asks_and_acts
def correct(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """«Correggi»: an error in role, names or days. From now on no file changes the office."""
    pharmacy, now = pharmacy_of(request, code), now_of(request)
    office = _office(pharmacy, pk)
    form = CorrectOfficeForm(request.POST or None, initial=CorrectOfficeForm.facts_of(office))

    def act() -> str:
        changed = offices.correct(office, by=staff_of(request), now=now, **form.corrections_of(office), **form.why)
        return _("Incarico corretto.") if changed else ""

    title = _("Correggi l’incarico di %(who)s") % {"who": _who(office)}
    return _ask(request, pharmacy, form, act, title=title, button=_("Correggi"), office=office)


@staff_required("anagrafica")
@asks_and_acts
def end(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """«Chiudi»: the last day of the office."""
    pharmacy, now = pharmacy_of(request, code), now_of(request)
    office = _office(pharmacy, pk)
    first, today = terms.first_day(office.since), terms.first_day(now)
    form = EndOfficeForm(first, request.POST or None, initial={"al": max(first, today)})

    def act() -> str:
        until = terms.ends_after(form.cleaned_data["al"])
        ended = offices.end(office, until, by=staff_of(request), now=now, **form.why)
        return _("Incarico chiuso.") if ended else ""

    title = _("Vuoi chiudere l’incarico di %(who)s?") % {"who": _who(office)}
    return _ask(request, pharmacy, form, act, title=title, button=_("Chiudi l’incarico"), office=office, ends=True)


@staff_required("anagrafica")
@asks_and_acts
def direttore(request: HttpRequest, code: str) -> HttpResponse:
    """«Il direttore è cambiato»: one form ends the present direttore and gives the new one."""
    pharmacy, now = pharmacy_of(request, code), now_of(request)
    form = DirettoreForm(request.POST or None, initial={"dal": terms.first_day(now)})

    def act() -> str:
        office = change_direttore(
            pharmacy, form.cleaned_data["persona"], since=terms.starts_on(form.cleaned_data["dal"]),
            by=staff_of(request), names=form.names, now=now, **form.why,
        )  # fmt: skip
        return _("Il direttore è %(name)s, dal %(day)s.") % {
            "name": office.name, "day": f"{terms.first_day(office.since):%d/%m/%Y}",
        }  # fmt: skip

    leaving = list(present_direttori(pharmacy, now))
    title, button = _("Il direttore è cambiato"), _("Registra il nuovo direttore")
    return _ask(request, pharmacy, form, act, title=title, button=button, leaving=leaving)


@confirmed_act("anagrafica", people_page)
def follow(request: HttpRequest, pharmacy: Pharmacy, pk: int) -> ConfirmedAct:
    """«Segui di nuovo l’elenco»."""
    office = _office(pharmacy, pk)
    if office.source == OfficeSource.FILE:
        raise NothingToDo(_("Questo incarico segue già l’elenco."))

    def perform(reason: str) -> bool:
        try:
            return conflicts.follow(office, by=staff_of(request), because=reason, now=now_of(request))
        except OfficeRefused as refused:
            messages.warning(request, str(refused.sentence))
            return False

    said = office_lines.said(office)
    return ConfirmedAct(
        crumb=_("Segui di nuovo l’elenco"),
        question=_("L’incarico di %(who)s torna a seguire l’elenco?") % {"who": _who(office)},
        consequences=(
            _("L’elenco dice: %(said)s.") % {"said": said} if said else _("Per ora l’incarico resta com’è."),
            _("Da adesso lo cambiano i prossimi elenchi, anche chiudendolo."),
            _(
                "Se cambia chi può certificare, lo scriviamo all’indirizzo certificato; il tuo nome resta nel registro attività."
            ),
        ),
        button=_("Segui l’elenco"),
        turn_back=_("Torna indietro, lascia com’è"),
        danger=False,
        perform=perform,
        done=_("L’incarico segue di nuovo l’elenco."),
        too_late="",
    )


@confirmed_act("anagrafica", people_page)
def keep(request: HttpRequest, pharmacy: Pharmacy, pk: int) -> ConfirmedAct:
    """«Tieni quello scritto qui»: settles a conflict against the file."""
    office = _office(pharmacy, pk)
    if office.file_says is None or "kept" in office.file_says:
        raise NothingToDo(_("L’elenco non dice niente di diverso: non c’è nulla da decidere."))
    return ConfirmedAct(
        crumb=_("Tieni quello scritto qui"),
        question=_("L’incarico di %(who)s resta com’è scritto qui?") % {"who": _who(office)},
        consequences=(
            _("Qui: %(here)s. L’elenco dice: %(said)s.")
            % {"here": office_lines.here(office), "said": office_lines.said(office)},
            _("La differenza sparisce da «Da seguire» finché l’elenco non dice un’altra cosa ancora."),
            _("Il tuo nome e il motivo restano nel registro attività."),
        ),
        button=_("Tieni quello scritto qui"),
        turn_back=_("Torna indietro, decidi dopo"),
        danger=False,
        perform=lambda reason: conflicts.keep(office, by=staff_of(request), because=reason, now=now_of(request)),
        done=_("Deciso: vale quello scritto qui."),
        too_late=_("Un altro operatore ha già deciso."),
    )


def _ask(
    request: HttpRequest, pharmacy: Pharmacy, form: WhyForm, act: Callable[[], str], **context: object
) -> HttpResponse:
    """Shows the form, or acts: `act` returns the sentence of success, "" when nothing was to change."""
    if form.is_valid():
        try:
            done = act()
        except OfficeRefused as refused:
            form.add_error(None, str(refused.sentence))
        else:
            if done:
                messages.success(request, done)
            else:
                messages.warning(request, _("L’incarico era già così: non è cambiato niente."))
            return redirect("staff:people", pharmacy.code)
    return render(request, "staff/office_act.html", {"pharmacy": pharmacy, "form": form, **context})


def _office(pharmacy: Pharmacy, pk: int) -> Office:
    return get_object_or_404(Office.objects.filter(pharmacy=pharmacy).select_related("pharmacy"), pk=pk)


def _who(office: Office) -> str:
    return office.name or mask_codice_fiscale(office.codice_fiscale)
