"""«Da invitare»: the open sites whose address was never certified, with a sheet for letters on paper and their number day by day."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from pharmacies.models import Pharmacy
from portal.identity.access import staff_of, staff_required
from portal.identity.models import User
from portal.identity.staff_step_up import StepUp
from portal.time.clock import ROME, now_of
from sessions.staff.desk.filters import StatusFilter
from sessions.staff.desk.sheet_views import TYPES, answered
from sessions.staff.lists import never_certified
from sessions.staff.lists.how_many import NOUNS, HowMany
from sessions.staff.lists.selection import PharmacySelection
from sessions.staff.lists.sheets import Cell, Sheet, taken_away

ROWS_A_PAGE = 50
AT_ONCE = 1000  # sites read in one query for the sheet


class InviteFilter(StatusFilter):
    """The filters of the desk that say which sites to invite."""

    KEPT = ("regione", "asl", "provincia", "tipo", "fornitore")

    def __init__(self, data: Any, user: User) -> None:
        super().__init__(data, user)
        self.fields = {name: self.fields[name] for name in self.KEPT}


@staff_required
@require_safe
def to_invite(request: HttpRequest) -> HttpResponse:
    """The list, its number, and how it fell in the last days."""
    form, selection, now = *_chosen(request), now_of(request)
    page = Paginator(never_certified.in_order(selection, now), ROWS_A_PAGE).get_page(request.GET.get("pagina"))
    names = never_certified.titolari_of(page.object_list, now)
    days = never_certified.by_day(selection, now)
    context = {
        "form": form,
        "page_obj": page,
        "rows": [(site, names.get(site.pk, "")) for site in page.object_list],
        "how_many": HowMany(page.paginator.count).words(*NOUNS[selection.register]),
        "days": days,
        "fewer": sum(day.fewer for day in days),
        "query": urlencode(form.query()),
    }
    return render(request, "staff/to_invite.html", context)


@staff_required("lettura", step_up=StepUp.FILE)
@require_safe
def invite_sheet(request: HttpRequest, kind: str) -> HttpResponse:
    """The same sites as a sheet, with the names of the titolari; the journal records the download."""
    if kind not in TYPES:
        raise Http404
    form, selection = _chosen(request)
    if form.errors:  # the page ignores an invalid filter; a sheet would hold more than intended
        return redirect(f"{request.path.rpartition('/')[0]}/?{request.GET.urlencode()}")
    now = now_of(request)
    found = never_certified.in_order(selection, now)
    keys = list(found.values_list("pk", flat=True))
    wanted = f"{_('Da invitare')} · {form.in_words()}" if form.query() else _("Da invitare")
    taken_away(request, "list.exported", pharmacies=len(keys), asked_for=wanted)
    return answered(SHEET, kind, _lines(keys, now), f"{now.astimezone(ROME):%Y-%m-%d-%H%M}")


def _chosen(request: HttpRequest) -> tuple[InviteFilter, PharmacySelection]:
    form = InviteFilter(request.GET, staff_of(request))
    form.is_valid()
    return form, never_certified.to_invite(form.selection())


def _lines(keys: list[int], now: datetime) -> Iterator[list[Cell]]:
    """The rows in the order of the keys, AT_ONCE sites at a time; a site deleted meanwhile is left out."""
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        sites = Pharmacy.objects.in_bulk(some)
        names = never_certified.titolari_of(sites.values(), now)
        for key in some:
            if key in sites:
                yield _cells(sites[key], names.get(key, ""))


def _cells(site: Pharmacy, titolare: str) -> list[Cell]:
    return [
        site.display_name, titolare, site.address, site.cap, site.comune, site.province, site.region, site.code,
        site.noun, site.partita_iva,
    ]  # fmt: skip


SHEET = Sheet(
    "da-invitare",
    (
        ("Farmacia", 40), ("Titolare", 30), ("Indirizzo", 40), ("CAP", 8), ("Comune", 24), ("Provincia", 10),
        ("Regione", 24), ("Codice", 10), ("Tipo", 14), ("Partita IVA", 14),
    ),
    lambda _row: [],
)  # fmt: skip
