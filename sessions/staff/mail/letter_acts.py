"""Retries a letter at once, or cancels it. The staff never see its text."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.urls import reverse

from pharmacies.models import Pharmacy
from portal.identity.access import staff_of, staff_required
from portal.journal.models import record
from portal.outbox.models import MailDomain, OutgoingMail, Priority
from portal.outbox.waking import wake_after_commit
from portal.secrets.masking import mask_address
from portal.time.clock import now_of, relative_moment
from sessions.letters import shared_letters
from sessions.staff.pharmacy.acts import Confirmation, asks_and_acts, pharmacy_of
from sessions.staff.reason import ReasonForm

FROM_OUTBOX = "da"


@staff_required("assistenza")
@asks_and_acts
def retry(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """«Riprova»: sends at once a letter that was refused or waits for its next attempt."""
    now, pharmacy = now_of(request), pharmacy_of(request, code)
    letter = _letter(pharmacy, pk)
    if not letter.may_be_retried(now):
        messages.warning(
            request, "Questo messaggio non si può riprovare: è già partito, è in consegna o non serve più."
        )
        return redirect(_back(request, code))
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        if _do(request, pharmacy, letter, "letter.retried", form.reason):
            messages.success(request, f"Il messaggio a {mask_address(letter.recipient)} riparte adesso.")
        else:
            messages.warning(
                request, "Nel frattempo il messaggio è partito o è in consegna: non c’è nulla da riprovare."
            )
        return redirect(_back(request, code))
    act = Confirmation(
        "Riprova l’invio",
        f"Vuoi riprovare l’invio a {mask_address(letter.recipient)}?",
        (
            f"È il messaggio «{letter.get_kind_display()}», preparato {relative_moment(letter.created_at, now)}. "
            f"Adesso: {letter.outcome.lower()}.",
            "Riparte subito, lo stesso: chi lo avesse già ricevuto non ne trova due diversi.",
            f"Se il server chiede di aspettare, riproviamo. Il messaggio serve fino a: {relative_moment(letter.give_up_at, now)}.",
            "Il tuo nome e il motivo restano nel registro attività della farmacia.",
        ),
        "Riprova adesso",
        "Torna indietro, non riprovare",
        danger=False,
    )
    back = _back(request, code)
    return render(request, "staff/act.html", {"pharmacy": pharmacy, "act": act, "form": form, "back": back})


@staff_required("assistenza")
@asks_and_acts
def cancel(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """«Annulla l’invio»: cancels a letter that waits."""
    now, pharmacy = now_of(request), pharmacy_of(request, code)
    letter = _letter(pharmacy, pk)
    if not letter.is_waiting:
        messages.warning(request, "Questo messaggio non aspetta più di partire: non c’è nulla da annullare.")
        return redirect(_back(request, code))
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        if _do(request, pharmacy, letter, "letter.cancelled", form.reason):
            messages.success(request, f"Il messaggio a {mask_address(letter.recipient)} non parte più.")
        else:
            messages.warning(request, "Nel frattempo il messaggio è partito: non si può più annullare.")
        return redirect(_back(request, code))
    act = Confirmation(
        "Annulla l’invio",
        f"Vuoi annullare l’invio a {mask_address(letter.recipient)}?",
        (
            f"È il messaggio «{letter.get_kind_display()}», preparato {relative_moment(letter.created_at, now)}.",
            "Non parte più, e non si può tornare indietro. Se un server lo sta ricevendo in questo istante, arriva lo stesso.",
            "Ciò di cui parla non cambia: un ID SESSIONE resta valido, un codice si può chiedere di nuovo.",
            "Il tuo nome e il motivo restano nel registro attività della farmacia.",
        ),
        "Annulla l’invio",
        "Torna indietro, non annullare",
    )
    back = _back(request, code)
    return render(request, "staff/act.html", {"pharmacy": pharmacy, "act": act, "form": form, "back": back})


def _back(request: HttpRequest, code: str) -> str:
    """The URL to return to: «Posta in uscita» with its filters (`da`, a query string of that page), else the pharmacy."""
    if FROM_OUTBOX in request.GET:
        return f"{reverse('staff:outbox')}?{request.GET[FROM_OUTBOX]}"
    return resolve_url("staff:pharmacy", code)


def _letter(pharmacy: Pharmacy, pk: int) -> OutgoingMail:
    """A letter about this pharmacy, without its text. Raises Http404."""
    return get_object_or_404(
        OutgoingMail.objects.filter(shared_letters.about(pharmacy.code)).defer("sealed_source"), pk=pk
    )


@transaction.atomic
def _do(request: HttpRequest, pharmacy: Pharmacy, letter: OutgoingMail, verb: str, reason: str) -> bool:
    """The act and its entry in the pharmacy's journal, in one transaction. False when the letter can no longer change."""
    now = now_of(request)
    if not (letter.retry(now) if verb == "letter.retried" else letter.cancel(now)):
        return False
    if verb == "letter.retried":
        MailDomain.objects.well(letter.domain)  # the operator vouches that the cause is gone
        wake_after_commit(Priority(letter.priority))
    record(
        verb, now=now, actor=staff_of(request), about=pharmacy.code, subject=letter, kind=letter.get_kind_display(),
        reason=reason,
    )  # fmt: skip
    return True
