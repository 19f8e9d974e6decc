"""«Incarichi da chiudere»: ends of offices that the import holds back because a file has too many at once."""

from hashlib import sha256

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext

from pharmacies.files.lock import ImportUnderWay
from pharmacies.models import Office, Pharmacy
from pharmacies.models.office import OfficeQuerySet
from pharmacies.people import endings as file_endings
from portal.identity.access import staff_of, staff_required
from portal.secrets.codes import same
from portal.time.clock import now_of
from sessions.staff.confirmed_act import asks_and_acts
from sessions.staff.reason import ReasonForm

SHOWN = 200  # offices named on the page; the confirmation covers all that wait


@staff_required("anagrafica")
@asks_and_acts
def endings(request: HttpRequest) -> HttpResponse:
    """Shows which offices the file would end, when and why; the confirmation ends them all."""
    waiting = _waiting(request)
    found = list(waiting.values_list("pk", "ending_waits"))
    fingerprint = sha256(repr(found).encode()).hexdigest()
    form = ReasonForm(request.POST if found and request.method == "POST" else None)
    form.fields["motivo"].help_text = gettext("Lo leggono il titolare e gli altri operatori nel registro attività.")
    if form.is_valid():
        if same(request.POST.get("elenco", ""), fingerprint):
            _confirm(request, [pk for pk, _ in found], form.reason)
        else:
            messages.warning(request, gettext("L’elenco è cambiato mentre lo leggevi: guardalo di nuovo."))
        return redirect("staff:endings")
    context = {
        "form": form,
        "fingerprint": fingerprint,  # the operator confirms this list and no other
        "number": len(found),
        "offices": [(office, file_endings.why(office)) for office in waiting.select_related("pharmacy")[:SHOWN]],
        "more": max(len(found) - SHOWN, 0),
    }
    return render(request, "staff/endings.html", context)


def _waiting(request: HttpRequest) -> OfficeQuerySet:
    inside = Pharmacy.objects.visible_to(staff_of(request))
    return Office.objects.ending_to_confirm().filter(pharmacy__in=inside)


def _confirm(request: HttpRequest, keys: list[int], because: str) -> None:
    try:
        ended = file_endings.confirm(keys, staff_of(request), because, now_of(request))
    except ImportUnderWay:
        messages.warning(request, gettext("L’elenco viene letto proprio adesso: riprova fra qualche minuto."))
        return
    words = ngettext("Un incarico chiuso.", "%(number)s incarichi chiusi.", ended) % {"number": ended}
    messages.success(request, words)
