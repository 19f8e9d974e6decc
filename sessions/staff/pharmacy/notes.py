"""«Note di assistenza»: notes of the staff about a pharmacy."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from portal.identity.access import staff_of, staff_required
from portal.time.clock import now_of
from sessions.models import SupportNote
from sessions.staff.confirmed_act import asks_and_acts, pharmacy_of
from sessions.staff.reason import NoteForm, OutcomeForm, one_line


@staff_required("assistenza")
@asks_and_acts
def write(request: HttpRequest, code: str) -> HttpResponse:
    """Opens a note."""
    pharmacy, form = pharmacy_of(request, code), NoteForm(request.POST or None)
    if form.is_valid():
        SupportNote.objects.write(pharmacy, form.cleaned_data["testo"], staff_of(request), now_of(request))
        messages.success(request, "Nota aperta: la vedono gli operatori in questa pagina.")
        return redirect("staff:pharmacy", code)
    return render(request, "staff/note.html", {"pharmacy": pharmacy, "form": form})


@staff_required("assistenza")
@asks_and_acts
def close(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Closes a note with its outcome."""
    pharmacy, form = pharmacy_of(request, code), OutcomeForm(request.POST or None)
    note = get_object_or_404(SupportNote.objects.select_related("opened_by"), pharmacy=pharmacy, pk=pk)
    if note.closed_at is not None:
        messages.warning(request, "Questa nota è già chiusa.")
        return redirect("staff:pharmacy", code)
    if form.is_valid() and note.close(one_line(form.cleaned_data["esito"]), staff_of(request), now_of(request)):
        messages.success(request, "Nota chiusa.")
        return redirect("staff:pharmacy", code)
    return render(request, "staff/note_close.html", {"pharmacy": pharmacy, "note": note, "form": form})
