"""«Chiusure da confermare»: closings that the import holds back because a register has too many at once."""

from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext

from pharmacies.files.completeness import FLAWS
from pharmacies.files.lock import ImportUnderWay
from pharmacies.models import NationalRegister, Pharmacy, RegisterImport
from pharmacies.models.pharmacy import PharmacyQuerySet
from pharmacies.register import closing
from portal.identity.access import staff_of, staff_required
from portal.identity.models import User
from portal.secrets.codes import same
from portal.time.clock import ROME, now_of
from sessions.staff.confirmed_act import asks_and_acts
from sessions.staff.reason import ReasonForm

SHOWN = 200  # sites named on the page; the confirmation covers all that wait


@dataclass
class WaitingClosings:
    """The closings of one register that wait, as one operator may confirm them."""

    register: NationalRegister
    pharmacies: PharmacyQuerySet
    found: list[tuple[int, date | None]]  # key and first closed day
    open: int
    last: RegisterImport | None
    form: ReasonForm

    @property
    def number(self) -> int:
        return len(self.found)

    @property
    def shown(self) -> PharmacyQuerySet:
        return self.pharmacies[:SHOWN]

    @property
    def more(self) -> int:
        return max(self.number - SHOWN, 0)

    @property
    def fingerprint(self) -> str:
        """The operator confirms this list and no other."""
        return sha256(repr(self.found).encode()).hexdigest()

    @property
    def is_of_parafarmacie(self) -> bool:
        return self.register == NationalRegister.PARAFARMACIE

    @property
    def flaw(self) -> str:
        """Why the last file is not whole; "" when it is."""
        return FLAWS[self.last.flaw][1] if self.last is not None and not self.last.is_whole else ""


@staff_required("sicurezza")
@asks_and_acts
def closings(request: HttpRequest) -> HttpResponse:
    """Shows, for each register, which sites it would close, from when and why; a confirmation closes those of one register."""
    user, day = staff_of(request), now_of(request).astimezone(ROME).date()
    lists = [_waiting(register, user, day) for register in NationalRegister]
    form = None
    if request.method == "POST":
        chosen = next(
            (one for one in lists if one.found and same(request.POST.get("elenco", ""), one.fingerprint)), None
        )
        if chosen is None:
            messages.warning(request, gettext("L’elenco è cambiato mentre lo leggevi: guardalo di nuovo."))
            return redirect("staff:closings")
        form = chosen.form = _form(chosen.register, request.POST)
        if form.is_valid():
            _confirm(request, chosen)
            return redirect("staff:closings")
    return render(request, "staff/closings.html", {"lists": lists, "form": form})


def _waiting(register: NationalRegister, user: User, day: date) -> WaitingClosings:
    sites = Pharmacy.objects.visible_to(user).of_register(register)
    waiting = sites.closing_to_confirm()
    last = RegisterImport.objects.filter(register=register).order_by("-at", "-pk").first()
    found = list(waiting.values_list("pk", "closing_waits"))
    return WaitingClosings(register, waiting, found, sites.open_on(day).count(), last, _form(register, None))


def _form(register: NationalRegister, data: Any) -> ReasonForm:
    is_first = register == NationalRegister.FARMACIE
    form = ReasonForm(data, auto_id="id_%s" if is_first else f"id_{register.value}_%s")
    form.fields["motivo"].help_text = gettext("Lo leggono gli altri operatori nel registro attività.")
    return form


def _confirm(request: HttpRequest, waiting: WaitingClosings) -> None:
    try:
        closed = closing.confirm(
            [pk for pk, _ in waiting.found], staff_of(request), waiting.form.reason, now_of(request)
        )
    except ImportUnderWay:
        messages.warning(request, gettext("Il registro viene letto proprio adesso: riprova fra qualche minuto."))
        return
    if waiting.is_of_parafarmacie:
        words = ngettext("Una parafarmacia chiusa.", "%(number)s parafarmacie chiuse.", closed)
    else:
        words = ngettext("Una farmacia chiusa.", "%(number)s farmacie chiuse.", closed)
    messages.success(request, words % {"number": closed})
