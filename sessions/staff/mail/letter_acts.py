"""Retries a letter at once, or cancels it. The staff never see its text."""

from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import get_object_or_404, resolve_url
from django.urls import reverse
from django.utils.translation import gettext as _

from pharmacies import site_words
from pharmacies.models import Pharmacy
from portal.identity.access import staff_of
from portal.journal.models import record
from portal.outbox.models import MailDomain, OutgoingMail, Priority
from portal.outbox.waking import wake_after_commit
from portal.secrets.masking import mask_address
from portal.time.clock import now_of, relative_moment
from sessions.letters import shared_letters
from sessions.staff.confirmed_act import ConfirmedAct, NothingToDo, confirmed_act

FROM_OUTBOX = "da"


def _back(request: HttpRequest, code: str) -> str:
    """The URL to return to: «Posta in uscita» with its filters (`da`, a query string of that page), else the pharmacy."""
    if FROM_OUTBOX in request.GET:
        return f"{reverse('staff:outbox')}?{request.GET[FROM_OUTBOX]}"
    return resolve_url("staff:pharmacy", code)


@confirmed_act("assistenza", _back)
def retry(request: HttpRequest, pharmacy: Pharmacy, pk: int) -> ConfirmedAct:
    """«Riprova»: sends at once a letter that was refused or waits for its next attempt."""
    now, letter = now_of(request), _letter(pharmacy, pk)
    if not letter.may_be_retried(now):
        raise NothingToDo("Questo messaggio non si può riprovare: è già partito, è in consegna o non serve più.")
    return ConfirmedAct(
        crumb="Riprova l’invio",
        question=f"Vuoi riprovare l’invio a {mask_address(letter.recipient)}?",
        consequences=(
            f"È il messaggio «{letter.get_kind_display()}», preparato {relative_moment(letter.created_at, now)}. "
            f"Adesso: {letter.outcome.lower()}.",
            "Riparte subito, lo stesso: chi lo avesse già ricevuto non ne trova due diversi.",
            f"Se il server chiede di aspettare, riproviamo. Il messaggio serve fino a: {relative_moment(letter.give_up_at, now)}.",
            site_words.about(_("Il tuo nome e il motivo restano nel registro attività della %(noun)s."), pharmacy),
        ),
        button="Riprova adesso",
        turn_back="Torna indietro, non riprovare",
        danger=False,
        perform=lambda reason: _do(request, pharmacy, letter, "letter.retried", reason),
        done=f"Il messaggio a {mask_address(letter.recipient)} riparte adesso.",
        too_late="Nel frattempo il messaggio è partito o è in consegna: non c’è nulla da riprovare.",
    )


@confirmed_act("assistenza", _back)
def cancel(request: HttpRequest, pharmacy: Pharmacy, pk: int) -> ConfirmedAct:
    """«Annulla l’invio»: cancels a letter that waits."""
    now, letter = now_of(request), _letter(pharmacy, pk)
    if not letter.is_waiting:
        raise NothingToDo("Questo messaggio non aspetta più di partire: non c’è nulla da annullare.")
    return ConfirmedAct(
        crumb="Annulla l’invio",
        question=f"Vuoi annullare l’invio a {mask_address(letter.recipient)}?",
        consequences=(
            f"È il messaggio «{letter.get_kind_display()}», preparato {relative_moment(letter.created_at, now)}.",
            "Non parte più, e non si può tornare indietro. Se un server lo sta ricevendo in questo istante, arriva lo stesso.",
            "Ciò di cui parla non cambia: un ID SESSIONE resta valido, un codice si può chiedere di nuovo.",
            site_words.about(_("Il tuo nome e il motivo restano nel registro attività della %(noun)s."), pharmacy),
        ),
        button="Annulla l’invio",
        turn_back="Torna indietro, non annullare",
        perform=lambda reason: _do(request, pharmacy, letter, "letter.cancelled", reason),
        done=f"Il messaggio a {mask_address(letter.recipient)} non parte più.",
        too_late="Nel frattempo il messaggio è partito: non si può più annullare.",
    )


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
