"""«Chiusure da confermare»: closings that the import holds back because the register has too many at once."""

from hashlib import sha256

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext

from pharmacies.files.lock import ImportUnderWay
from pharmacies.models import Pharmacy
from pharmacies.models.pharmacy import PharmacyQuerySet
from pharmacies.register import closing
from portal.identity.access import staff_of, staff_required
from portal.secrets.codes import same
from portal.time.clock import ROME, now_of
from sessions.staff.confirmed_act import asks_and_acts
from sessions.staff.reason import ReasonForm

SHOWN = 200  # pharmacies named on the page; the confirmation covers all that wait


@staff_required("sicurezza")
@asks_and_acts
def closings(request: HttpRequest) -> HttpResponse:
    """Shows which pharmacies the register would close, from when and why; the confirmation closes them all."""
    waiting = _waiting(request)
    found = list(waiting.values_list("pk", "closing_waits"))
    fingerprint = sha256(repr(found).encode()).hexdigest()
    form = ReasonForm(request.POST if found and request.method == "POST" else None)
    form.fields["motivo"].help_text = gettext("Lo leggono gli altri operatori nel registro attività.")
    if form.is_valid():
        if same(request.POST.get("elenco", ""), fingerprint):
            _confirm(request, [pk for pk, _ in found], form.reason)
        else:
            messages.warning(request, gettext("L’elenco è cambiato mentre lo leggevi: guardalo di nuovo."))
        return redirect("staff:closings")
    context = {
        "form": form,
        "fingerprint": fingerprint,  # the operator confirms this list and no other
        "number": len(found),
        "pharmacies": waiting[:SHOWN],
        "more": max(len(found) - SHOWN, 0),
        "open": Pharmacy.objects.visible_to(staff_of(request)).open_on(now_of(request).astimezone(ROME).date()).count(),
    }
    return render(request, "staff/closings.html", context)


def _waiting(request: HttpRequest) -> PharmacyQuerySet:
    return Pharmacy.objects.visible_to(staff_of(request)).closing_to_confirm()


def _confirm(request: HttpRequest, keys: list[int], because: str) -> None:
    try:
        closed = closing.confirm(keys, staff_of(request), because, now_of(request))
    except ImportUnderWay:
        messages.warning(request, gettext("Il registro viene letto proprio adesso: riprova fra qualche minuto."))
        return
    words = ngettext("Una farmacia chiusa.", "%(number)s farmacie chiuse.", closed) % {"number": closed}
    messages.success(request, words)
