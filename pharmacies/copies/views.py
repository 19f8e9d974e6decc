"""«Copie dei promemoria»: a person names a mailbox of their own, confirms it, ends the copies; a holder sees all of them."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from pharmacies import site_words
from pharmacies.access import OfficeRequest, ids_required
from pharmacies.copies import mailboxes
from pharmacies.copies.forms import CopyCodeForm, CopyForm
from pharmacies.models import CopyMailbox, Pharmacy
from pharmacies.models.certification_refused import NamedTooOften, NothingToConfirm, NotYet, TooManyAttempts
from portal.identity.access import fresh_authentication_required, typed_before
from portal.identity.models import User
from portal.templatetags.portale import seconds
from portal.time.clock import now_of
from portal.values.mail_address import readable


@ids_required
@require_http_methods(["GET", "HEAD", "POST"])
def copies(request: OfficeRequest) -> HttpResponse:
    """Shows the person's mailbox with its code to type; a holder sees every mailbox. POST names an address."""
    own = _own(request)
    to_confirm = own.to_confirm
    start = {"copia": readable(to_confirm.address) if to_confirm else ""}  # a typing error can be corrected
    if request.method != "POST" and (typed := typed_before(request)) is not None:
        messages.warning(
            request, _("Non abbiamo ancora salvato: controlla l’indirizzo e premi di nuovo «Invia il codice».")
        )
        start |= typed
    form = CopyForm(request.POST if request.method == "POST" else None, initial=start)
    if request.method == "POST" and form.is_valid():
        # a stranger at a session left open must not send the copies to another mailbox
        return _name_if_fresh(request, request.pharmacy, form.cleaned_data["copia"], request.user, own.in_place)
    return _page(request, own, form, CopyCodeForm())


@ids_required
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: OfficeRequest) -> HttpResponse:
    """Compares the typed code. A GET, by a browser's Back, goes to the page."""
    if request.method != "POST":
        return _back(request.pharmacy)
    own, now = _own(request), now_of(request)
    row = own.to_confirm
    if row is None:
        return _back(request.pharmacy)
    form = CopyCodeForm(request.POST)
    if form.is_valid():
        try:
            if mailboxes.confirm(row, form.cleaned_data["codice"], request.user, now):
                messages.success(request, _("Casella confermata: dal prossimo promemoria ricevi una copia."))
                return _back(request.pharmacy)
            left = row.attempts_left(now)
            form.add_error("codice", _("Il codice è errato o scaduto. Tentativi rimasti: %(left)d.") % {"left": left})
        except TooManyAttempts as refusal:
            form.add_error(
                "codice", _("Troppi codici errati: potrai riprovare dalle %(at)s.") % {"at": seconds(refusal.until)}
            )
        except NothingToConfirm:
            return _back(request.pharmacy)
    return _page(request, own, CopyForm(initial={"copia": readable(row.address)}), form)


@ids_required
@require_POST
def new_code(request: OfficeRequest) -> HttpResponse:
    """Sends another code to the mailbox that the person has to confirm."""
    row = _own(request).to_confirm
    if row is not None:
        try:
            mailboxes.send_code(row, now_of(request))
        except NotYet as refusal:
            _say_when(request, refusal)
        except NothingToConfirm:
            pass
        else:
            messages.success(
                request, _("Un nuovo codice è in viaggio verso %(address)s.") % {"address": readable(row.address)}
            )
    return _back(request.pharmacy)


@ids_required
@require_POST
def stop(request: OfficeRequest, pk: int) -> HttpResponse:
    """Ends the copies to the person's mailbox; titolare and direttore may end the copies to any mailbox."""
    row = get_object_or_404(CopyMailbox, pk=pk, pharmacy=request.pharmacy)
    if row.person_id != request.user.pk and not request.office.may_certify:
        return _back(request.pharmacy)
    if mailboxes.end(row, request.user, now_of(request)):
        messages.success(request, _("A %(address)s non arrivano più copie.") % {"address": readable(row.address)})
    return _back(request.pharmacy)


def _name(
    request: HttpRequest, pharmacy: Pharmacy, address: str, by: User, replaces: CopyMailbox | None
) -> HttpResponse:
    try:
        row = mailboxes.name(pharmacy, address, by, now_of(request), replaces)
    except mailboxes.IsCertified:
        messages.info(
            request,
            site_words.about(
                _("È già la casella certificata della %(noun)s: i promemoria arrivano lì, una copia non serve."),
                pharmacy,
            ),
        )
    except NotYet as refusal:
        _say_when(request, refusal)
    else:
        shown = {"address": readable(row.address)}
        if row.waits_for_code:
            messages.success(request, _("Abbiamo inviato un codice a %(address)s: scrivilo qui sotto.") % shown)
        else:
            messages.success(request, _("Le copie dei promemoria arrivano a %(address)s.") % shown)
    return _back(pharmacy)


_name_if_fresh = fresh_authentication_required(_name)


def _say_when(request: HttpRequest, refusal: NotYet) -> None:
    at = {"at": seconds(refusal.until)}
    if isinstance(refusal, NamedTooOften):
        when = _("Potrai cambiarla di nuovo dalle %(at)s.") % at
    else:
        when = _("Potrai chiederne un altro dalle %(at)s.") % at
    messages.error(request, f"{refusal} {when}")


@dataclass(frozen=True)
class OwnMailboxes:
    """The person's open mailboxes: one that had copies or may have them again, and one named later that waits for its code."""

    in_place: CopyMailbox | None
    named: CopyMailbox | None

    @property
    def to_confirm(self) -> CopyMailbox | None:
        """The mailbox whose code the person may type: the one named last."""
        if self.named is None and self.in_place is not None and self.in_place.waits_for_code:
            return self.in_place
        return self.named

    @property
    def keys(self) -> list[int]:
        return [row.pk for row in (self.in_place, self.named) if row is not None]


def _own(request: OfficeRequest) -> OwnMailboxes:
    """The person's open mailboxes. An older row of an unknown person is the holder's."""
    rows = CopyMailbox.objects.open().filter(pharmacy=request.pharmacy).select_related("pharmacy", "person")
    own = list(rows.filter(person=request.user))
    in_place = next((row for row in own if row.confirmed_at is not None or row.is_older), None)
    if in_place is None and request.office.may_certify:
        in_place = rows.filter(person=None).first()
    return OwnMailboxes(in_place, next((row for row in own if row != in_place), None))


def _page(request: OfficeRequest, own: OwnMailboxes, form: CopyForm, code_form: CopyCodeForm) -> HttpResponse:
    now, pharmacy = now_of(request), request.pharmacy
    rows = CopyMailbox.objects.open().filter(pharmacy=pharmacy).select_related("person")
    others = rows.exclude(pk__in=own.keys).order_by("pk") if request.office.may_certify else rows.none()
    in_force = {row.pk for row in CopyMailbox.objects.in_force([pharmacy.pk], now)}
    to_confirm = own.to_confirm
    context = {
        "pharmacy": pharmacy,
        "office": request.office,
        "current": "reminders" if request.may_set_hours else "ids",
        "own": own.in_place,
        "named": own.named,
        "to_confirm": to_confirm,
        "form": form,
        "code_form": code_form,
        "has_code": to_confirm is not None and to_confirm.codes.usable(now).exists(),
        "others": others,
        "in_force": in_force,
    }
    return render(request, "copies/copies.html", context)


def _back(pharmacy: Pharmacy) -> HttpResponse:
    return redirect("pharmacies:copies", pharmacy.code)
