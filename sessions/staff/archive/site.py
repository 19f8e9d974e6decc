"""The pages of the archive. They use the model registry and the permissions of Django's admin; login, markup and URLs are the
portal's, and no page writes.
"""

from functools import cached_property
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, URLResolver, path
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from pharmacies.models import Pharmacy
from portal.identity.access import staff_of, staff_required
from portal.journal.models import record
from portal.time.clock import now_of
from sessions.staff.archive.read_only import ReadOnly
from sessions.staff.archive.rows import SHOWN
from sessions.staff.lists.how_many import counted_pages

ROWS_A_PAGE = 50
COUNTED = 1000  # at most so many pages: beyond, the operator narrows the search


class PharmacyCodeForm(forms.Form):
    """Searches by pharmacy code only: the URL holds the text, and a codice fiscale is too long for the field."""

    farmacia = forms.CharField(
        label="Codice farmacia",
        max_length=10,
        required=False,
        validators=[RegexValidator(r"\A[A-Za-z0-9]+\Z", "Il codice è di sole cifre e lettere.")],
        error_messages={"max_length": "Il codice di una farmacia ha al massimo 10 caratteri."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class ArchiveSite(admin.AdminSite):
    """Built once, when Django loads the URLs."""

    @cached_property
    def by_slug(self) -> dict[str, ReadOnly]:
        return {shown.slug: shown for shown in self._registry.values() if isinstance(shown, ReadOnly)}

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [
            path("", index, name="index"),
            path("<slug:slug>/", rows, name="rows"),
            path("<slug:slug>/<int:pk>/", row, name="row"),
        ]


site = ArchiveSite(name="archive")
for _model, _shown in SHOWN.items():
    site.register(_model, _shown)


@staff_required("amministrazione")
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Lists the models of the archive."""
    for shown in site.by_slug.values():
        _allowed(request, shown)
    return render(request, "staff/archive/index.html", {"archive": site.by_slug.values()})


@staff_required("amministrazione")
@require_safe
def rows(request: HttpRequest, slug: str) -> HttpResponse:
    """The rows of one model, newest first, by page; of one pharmacy with `?farmacia=`."""
    shown = _of(request, slug)
    form = PharmacyCodeForm(request.GET if shown.code_is else None)
    code = Pharmacy.objects.code_meant_by(form.cleaned_data["farmacia"]) if form.is_valid() else ""
    found = shown.found(request, code)
    if form.errors:
        found = found.none()
    paginator, number = counted_pages(found, ROWS_A_PAGE, COUNTED)
    page = paginator.get_page(request.GET.get("pagina"))
    table = [(found_row.pk, shown.cells(found_row)) for found_row in page]
    context = {
        "shown": shown, "heads": shown.heads(), "table": table, "page_obj": page, "form": form, "code": code,
        "how_many": number.words(gettext("riga"), gettext("righe")),
    }  # fmt: skip
    return render(request, "staff/archive/rows.html", context)


@staff_required("amministrazione")
@require_safe
@transaction.atomic
def row(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One row. One with personal data is shown only if its journal entry is written (one transaction)."""
    shown = _of(request, slug)
    found = shown.found(request, "").filter(pk=pk).first()
    if found is None:
        raise Http404
    if shown.personal and request.method == "GET":  # HEAD shows nothing
        what = f"{shown.title}, numero {pk}"
        record("archive.opened", now=now_of(request), actor=staff_of(request), subject=found, what=what)
    context = {"shown": shown, "row": found, "facts": list(shown.facts(found)), "code": _code(shown, found)}
    return render(request, "staff/archive/row.html", context)


def _of(request: HttpRequest, slug: str) -> ReadOnly:
    shown = site.by_slug.get(slug)
    if shown is None:
        raise Http404
    _allowed(request, shown)
    return shown


def _allowed(request: HttpRequest, shown: ReadOnly) -> None:
    if not shown.has_view_permission(request):
        raise PermissionDenied("L’archivio è per chi amministra senza limiti di territorio.")


def _code(shown: ReadOnly, found: models.Model) -> str:
    """The code of the pharmacy that the row is about; "" for none."""
    value: Any = found
    for name in shown.code_is.split("__") if shown.code_is else ():
        value = getattr(value, name, None)
    return value if isinstance(value, str) else ""
