"""Downloads the utenze of the pharmacies in the list, one row each: after a leak at a vendor, or to look for stragglers."""

from collections.abc import Iterator

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from pharmacies.models import Utenza
from portal.database.paging import in_pages
from portal.identity.access import staff_required
from portal.identity.staff_step_up import StepUp
from portal.secrets.imported_hashes import is_imported
from portal.secrets.masking import mask_people_in
from portal.time.clock import ROME, now_of
from sessions.staff.desk.sheet_views import TYPES, answered
from sessions.staff.desk.status_views import address_of, chosen
from sessions.staff.lists.pharmacy_listing import Listing
from sessions.staff.lists.sheets import MOMENT, Cell, Sheet, taken_away


@staff_required("sicurezza", step_up=StepUp.FILE)
@require_safe
def utenze_sheet(request: HttpRequest, kind: str) -> HttpResponse:
    """The utenze that the filters of the URL find; with a supplier only those of its gestionale. No secret, no hash."""
    if kind not in TYPES:
        raise Http404
    form, selection = chosen(request)
    if form.errors:  # the page ignores an invalid filter; a sheet would hold more than intended
        return redirect(address_of(request))
    now = now_of(request)
    keys = Listing(selection, now).pharmacy_keys()
    taken_away(request, "list.utenze", pharmacies=len(keys), asked_for=form.in_words())
    return answered(SHEET, kind, _rows(keys, selection.supplier), f"{now.astimezone(ROME):%Y-%m-%d-%H%M}")


def _rows(keys: set[int], supplier: str) -> Iterator[list[Cell]]:
    found = Utenza.objects.select_related("pharmacy").order_by("pharmacy__name", "pharmacy__code", "user_id")
    found = found.filter(pharmacy__isnull=False, **({"supplier": supplier} if supplier else {}))
    for utenza in in_pages(lambda last: found.filter(_after(last)) if last else found):
        if utenza.pharmacy_id in keys:
            yield SHEET.cells(utenza)


def _after(last: Utenza) -> Q:
    """The rows that follow this one by name and code of the pharmacy, then by user_id."""
    pharmacy = last.pharmacy
    assert pharmacy is not None  # noqa: S101  _rows leaves out the doctors
    same_name = Q(pharmacy__name=pharmacy.name)
    same_pharmacy = same_name & Q(pharmacy__code=pharmacy.code)
    return (
        Q(pharmacy__name__gt=pharmacy.name)
        | same_name & Q(pharmacy__code__gt=pharmacy.code)
        | same_pharmacy & Q(user_id__gt=last.user_id)
    )


def _cells(utenza: Utenza) -> list[Cell]:
    pharmacy = utenza.pharmacy
    assert pharmacy is not None  # noqa: S101  _rows leaves out the doctors
    return [
        pharmacy.code, pharmacy.display_name, pharmacy.comune, pharmacy.province, pharmacy.region,
        mask_people_in(utenza.user_id), utenza.supplier, _state(utenza), _secrets(utenza),
        utenza.password_changed_at.astimezone(ROME).strftime(MOMENT),
    ]  # fmt: skip


def _state(utenza: Utenza) -> str:
    if utenza.blocked_at is not None:
        return _("bloccata")
    return _("abilitata") if utenza.disabled_at is None else _("disabilitata")


def _secrets(utenza: Utenza) -> str:
    if utenza.secrets_wait_since is not None:
        return _("da ritirare")
    never_used = is_imported(utenza.password) or is_imported(utenza.pincode)
    return _("del sistema precedente, mai usate qui") if never_used else ""


SHEET = Sheet(
    "utenze",
    (
        ("Codice", 10), ("Farmacia", 40), ("Comune", 24), ("Provincia", 10), ("Regione", 24), ("UserId", 18),
        ("Fornitore", 30), ("Stato", 14), ("Credenziali", 34), ("Password cambiata il (ora italiana)", 22),
    ),
    _cells,
    frozenset({9}),
)  # fmt: skip
