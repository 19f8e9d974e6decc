"""Downloads the list as a sheet: at once when it is short, prepared in the background when it is long."""

from collections.abc import Iterator

from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from pharmacies.models import Pharmacy
from portal.identity.access import staff_of, staff_required
from portal.identity.staff_step_up import StepUp
from portal.time.clock import ROME, now_of
from sessions.models import BulkItem, BulkJob
from sessions.staff.desk import bulk
from sessions.staff.desk.status_views import address_of, chosen
from sessions.staff.lists.pharmacy_listing import Listing
from sessions.staff.lists.sheets import SHEETS, Cell, Sheet, csv_lines, taken_away, xlsx_file

AT_ONCE = 2000  # rows written while the browser waits; more become a job with its progress
SLUGS = {"elenco": BulkJob.Act.LIST, "lettere": BulkJob.Act.LETTERS}
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@staff_required("lettura", step_up=StepUp.FILE)
@require_http_methods(["GET", "HEAD", "POST"])
def sheet(request: HttpRequest, slug: str, kind: str) -> HttpResponse:
    """The rows that the filters of the URL find, as a sheet. A POST starts the job that prepares a long one."""
    if slug not in SLUGS or kind not in TYPES:
        raise Http404
    now, act = now_of(request), SLUGS[slug]
    form, selection = chosen(request)
    if form.errors:  # the page ignores an invalid filter; a sheet would hold more than intended
        return redirect(address_of(request))
    listing = Listing(selection, now)
    keys = listing.pharmacy_keys()
    if len(keys) > AT_ONCE:
        if request.method == "POST":
            job = bulk.begin(act, keys, form.in_words(), staff_of(request), now)
            return redirect(f"{reverse('staff:job', args=[job.pk])}?tipo={kind}")
        return render(request, "staff/long_sheet.html", {"rows": len(keys), "kind": kind, "back": address_of(request)})
    taken_away(request, "list.exported", pharmacies=len(keys), asked_for=form.in_words())
    found = SHEETS[act]
    return answered(found, kind, (found.cells(row) for row in listing.every()), f"{now.astimezone(ROME):%Y-%m-%d-%H%M}")


@staff_required("lettura", step_up=StepUp.FILE)
@require_safe
def job_sheet(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """The sheet of a finished job, for its author only, as long as its rows are kept."""
    jobs = BulkJob.objects.filter(act__in=BulkJob.SHEETS, asked_by=staff_of(request), finished_at__isnull=False)
    job = get_object_or_404(jobs, pk=pk)
    if kind not in TYPES or not job.sheet_is_kept(now_of(request)):
        raise Http404
    # the operator's territory may have shrunk since: leave out what is outside it
    rows = job.items.filter(cells__isnull=False, pharmacy__in=Pharmacy.objects.visible_to(staff_of(request)))
    return answered(SHEETS[job.act], kind, _cells_of(rows), f"{job.asked_at.astimezone(ROME):%Y-%m-%d-%H%M}")


def _cells_of(rows: QuerySet[BulkItem]) -> Iterator[list[Cell]]:
    """The cells in order, AT_ONCE rows at a time, each read after the last number: rows deleted meanwhile shift none."""
    last, every = -1, rows.order_by("number").values_list("number", "cells")
    while some := list(every.filter(number__gt=last)[:AT_ONCE]):
        yield from (cells or [] for _, cells in some)
        last = some[-1][0]


def answered(found: Sheet, kind: str, rows: Iterator[list[Cell]], when: str) -> HttpResponse:
    """The rows as a file to save; `kind` is a key of TYPES."""
    name = f"{found.name}-{when}.{kind}"
    if kind == "xlsx":
        return FileResponse(xlsx_file(found, rows), as_attachment=True, filename=name, content_type=TYPES[kind])  # type: ignore[return-value]
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(csv_lines(found, rows), content_type=TYPES[kind], headers=headers)  # type: ignore[return-value]
