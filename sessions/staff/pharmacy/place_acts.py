"""«Correggi il luogo»: the region, province or ASL of a pharmacy, and the next one that has none."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from pharmacies.models import Pharmacy
from pharmacies.models.pharmacy import PharmacyQuerySet
from pharmacies.places.asl import asl_of, correction_of
from pharmacies.places.correcting import PlaceRefused, correct_place
from pharmacies.places.origin import province_origin, region_origin
from portal.identity.access import staff_of, staff_required
from portal.time.clock import ROME, now_of
from sessions.staff.confirmed_act import asks_and_acts, pharmacy_of
from sessions.staff.lists.selection import ALL, NOWHERE
from sessions.staff.pharmacy.place_form import PlaceForm

LISTS = ("regione", "asl")  # the lists of pharmacies without a region, without an ASL


@staff_required("anagrafica")
@asks_and_acts
def correct(request: HttpRequest, code: str) -> HttpResponse:
    """Shows the place with where it comes from, and corrects it. `?elenco=asl`: then goes on to the next one of that list."""
    pharmacy, now = pharmacy_of(request, code), now_of(request)
    correction = correction_of(pharmacy)
    through = request.GET.get("elenco", "")
    onwards = f"{reverse('staff:next_place', args=[through])}?dopo={code}" if through in LISTS else ""
    form = PlaceForm(pharmacy, staff_of(request).territory, request.POST or None, correction)
    if form.is_valid():
        region, province, asl = form.chosen
        try:
            changed = correct_place(
                pharmacy,
                region_code=region,
                province=province,
                asl_code=asl,
                by=staff_of(request),
                because=form.reason,
                now=now,
            )
        except PlaceRefused as refused:
            form.add_error(None, str(refused.sentence))
        else:
            if changed:
                messages.success(request, _("Luogo di %(name)s aggiornato.") % {"name": pharmacy.display_name})
            else:
                messages.warning(request, _("Il luogo era già così: non è cambiato niente."))
            return redirect(
                onwards or reverse("staff:pharmacy", args=[code]) if _sees(request, code) else "staff:status"
            )
    context = {
        "pharmacy": pharmacy, "form": form, "correction": correction, "onwards": onwards, "asl": asl_of(pharmacy),
        "region_origin": region_origin(pharmacy, correction), "province_origin": province_origin(pharmacy, correction),
        "known": sorted(form.asl_known(pharmacy.region_code).items()) if pharmacy.region_code else [],
    }  # fmt: skip
    return render(request, "staff/place.html", context)


@staff_required("anagrafica")
@require_safe
def next_place(request: HttpRequest, slug: str) -> HttpResponse:
    """Goes to the next open pharmacy of the list `slug` (see LISTS) after `?dopo=CODE`, by code; then begins again."""
    if slug not in LISTS:
        raise Http404
    day = now_of(request).astimezone(ROME).date()
    here: PharmacyQuerySet = Pharmacy.objects.visible_to(staff_of(request)).open_on(day)
    found = (here.without_region() if slug == "regione" else here.without_asl()).order_by("pk")
    after = Pharmacy.objects.filter(code=request.GET.get("dopo", "")).values_list("pk", flat=True).first() or 0
    code = (found.filter(pk__gt=after).first() or found.exclude(pk=after).first() or Pharmacy()).code
    if not code:
        done = _("Tutte le altre farmacie aperte hanno una ASL.")
        messages.success(request, _("Tutte le altre farmacie aperte hanno una regione.") if slug == "regione" else done)
        return redirect(f"{reverse('staff:status')}?stato={ALL}&{slug}={NOWHERE}")
    return redirect(f"{reverse('staff:place', args=[code])}?elenco={slug}")


def _sees(request: HttpRequest, code: str) -> bool:
    """Whether the pharmacy is still in the operator's territory after the correction."""
    return Pharmacy.objects.visible_to(staff_of(request)).filter(code=code).exists()
