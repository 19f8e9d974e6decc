"""Acts of the staff on one pharmacy: each page lists the consequences, requires a reason, then acts.

No act shows an id, a code or a password, and none certifies an address: only the titolare or the direttore may do that.
"""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from pharmacies.models import Pharmacy
from portal.identity.access import staff_of, staff_required
from portal.secrets.masking import mask_address
from portal.templatetags.portale import seconds
from portal.time.clock import now_of
from sessions.ids import issuing, issuing_refused, revoking
from sessions.ids.views import WHY_NOT
from sessions.models import IdSessione
from sessions.staff.lists.pharmacy_status import UNREAD
from sessions.staff.reason import ReasonForm

asks_and_acts = require_http_methods(["GET", "HEAD", "POST"])


@dataclass(frozen=True)
class Confirmation:
    """The texts of a confirmation page."""

    crumb: str
    question: str
    consequences: tuple[str, ...]
    button: str
    turn_back: str
    danger: bool = True


def pharmacy_of(request: HttpRequest, code: str) -> Pharmacy:
    """The pharmacy with this code, in the operator's territory. Raises Http404."""
    return get_object_or_404(Pharmacy.objects.visible_to(staff_of(request)), code=code)


@staff_required("assistenza")
@asks_and_acts
def resend(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """«Invia di nuovo»: sends the same id again. The staff never see it."""
    now, pharmacy = now_of(request), pharmacy_of(request, code)
    newest = _id_of(pharmacy, pk)
    if not newest.is_live(now):
        messages.warning(request, f"L’ID …{newest.last4} non è più valido: non si può inviare di nuovo.")
        return redirect("staff:pharmacy", code)
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        _post_again(request, newest, form.reason)
        return redirect("staff:pharmacy", code)
    refusal = issuing.obstacle(newest.utenza, now)
    context = {
        "pharmacy": pharmacy,
        "newest": newest,
        "form": form,
        "obstacle": next((words for kind, words in WHY_NOT.items() if kind.__name__ == refusal), ""),
        "certification": pharmacy.certifications.current().first(),
    }
    return render(request, "staff/resend.html", context)


@staff_required("sicurezza")
@asks_and_acts
def revoke_id(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """«Revoca»: revokes one id."""
    now, pharmacy = now_of(request), pharmacy_of(request, code)
    row = _id_of(pharmacy, pk)
    if not row.is_within_hours(now):
        messages.warning(request, f"L’ID …{row.last4} non è più valido: non c’è nulla da revocare.")
        return redirect("staff:pharmacy", code)
    form = ReasonForm(request.POST or None)
    if form.is_valid() and issuing.revoke(row, staff_of(request), now, form.reason):
        messages.success(request, f"ID …{row.last4} revocato: non vale più su nessuna cassa.")
        return redirect("staff:pharmacy", code)
    act = Confirmation(
        "Revoca ID SESSIONE",
        f"Vuoi revocare l’ID …{row.last4}?",
        (
            "Smette subito di valere su tutte le casse: le ricette inviate con questo ID vengono rifiutate.",
            "Non si può tornare indietro: per lavorare la farmacia deve chiederne un altro.",
            "Lo comunichiamo, con il motivo, all’indirizzo certificato e lo scriviamo nel registro attività con il tuo nome.",
        ),
        f"Revoca l’ID …{row.last4}",
        "Torna indietro, non revocare",
    )
    return _ask(request, pharmacy, act, form)


@staff_required("sicurezza")
@asks_and_acts
def revoke_all(request: HttpRequest, code: str) -> HttpResponse:
    """«Revoca tutti gli ID»: revokes every live id of the pharmacy."""
    now, pharmacy = now_of(request), pharmacy_of(request, code)
    live = IdSessione.objects.filter(pharmacy=pharmacy).within_hours(now).count()
    if not live:
        messages.warning(request, "La farmacia non ha ID SESSIONE validi: non c’è nulla da revocare.")
        return redirect("staff:pharmacy", code)
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        revoked = revoking.revoke_all(pharmacy, staff_of(request), form.reason, now)
        messages.success(request, f"ID SESSIONE revocati: {revoked}. La farmacia deve chiederne di nuovi.")
        return redirect("staff:pharmacy", code)
    which = "l’unico ID valido" if live == 1 else f"tutti i {live} ID validi"
    act = Confirmation(
        "Revoca tutti gli ID",
        f"Vuoi revocare {which} della farmacia?",
        (
            "Smettono subito di valere su tutte le casse, di tutte le utenze e di tutti i servizi.",
            "Non si può tornare indietro: per lavorare la farmacia deve chiederne altri.",
            "Lo comunichiamo, con il motivo, all’indirizzo certificato; nel registro attività resta una riga per ogni ID.",
        ),
        "Revoca tutti gli ID",
        "Torna indietro, non revocare",
    )
    return _ask(request, pharmacy, act, form)


@staff_required("sicurezza")
@asks_and_acts
def revoke_address(request: HttpRequest, code: str) -> HttpResponse:
    """«Revoca l’indirizzo»: revokes the certified address, which ends the pharmacy's ids."""
    now, pharmacy = now_of(request), pharmacy_of(request, code)
    current = pharmacy.certifications.current().first()
    if current is None:
        messages.warning(request, "La farmacia non ha un indirizzo certificato: non c’è nulla da revocare.")
        return redirect("staff:pharmacy", code)
    form = ReasonForm(request.POST or None)
    if form.is_valid() and current.revoke(staff_of(request), now, form.reason):
        messages.success(request, f"Indirizzo {mask_address(current.address)} revocato.")
        return redirect("staff:pharmacy", code)
    act = Confirmation(
        "Revoca l’indirizzo",
        f"Vuoi revocare l’indirizzo {mask_address(current.address)}?",
        (
            "Tutti gli ID SESSIONE della farmacia smettono subito di valere.",
            "Per lavorare, il titolare o il direttore deve certificare un indirizzo: nessun operatore può farlo al suo posto.",
            "Lo comunichiamo, con il motivo, all’indirizzo revocato e lo scriviamo nel registro attività con il tuo nome.",
        ),
        "Revoca l’indirizzo",
        "Torna indietro, non revocare",
    )
    return _ask(request, pharmacy, act, form)


@staff_required("assistenza")
@asks_and_acts
def reachable(request: HttpRequest, code: str) -> HttpResponse:
    """«Segna come raggiungibile»: for a pharmacy that has emptied, repaired or reopened its mailbox."""
    now, pharmacy = now_of(request), pharmacy_of(request, code)
    current = pharmacy.certifications.current().exclude(undeliverable_at=None).first()
    if current is None:
        messages.warning(request, "L’indirizzo della farmacia non è segnato come non raggiungibile.")
        return redirect("staff:pharmacy", code)
    form = ReasonForm(request.POST or None)
    if form.is_valid() and current.reachable_again(staff_of(request), form.reason, now):
        messages.success(request, f"Indirizzo {mask_address(current.address)} di nuovo raggiungibile.")
        return redirect("staff:pharmacy", code)
    act = Confirmation(
        "Indirizzo raggiungibile",
        f"L’indirizzo {mask_address(current.address)} riceve di nuovo?",
        (
            "La farmacia può di nuovo chiedere ID SESSIONE e ricevere promemoria a questo indirizzo.",
            "Le inviamo subito un messaggio con il motivo: se la casella lo rifiuta, torna non raggiungibile da sola.",
            "Il tuo nome resta nel registro attività.",
        ),
        "Segna come raggiungibile",
        "Torna indietro, non segnare",
        danger=False,
    )
    return _ask(request, pharmacy, act, form)


def _ask(request: HttpRequest, pharmacy: Pharmacy, act: Confirmation, form: ReasonForm) -> HttpResponse:
    return render(request, "staff/act.html", {"pharmacy": pharmacy, "act": act, "form": form})


def _id_of(pharmacy: Pharmacy, pk: int) -> IdSessione:
    return get_object_or_404(pharmacy.ids.with_facts().defer(*UNREAD), pk=pk)


def _post_again(request: HttpRequest, newest: IdSessione, because: str) -> None:
    now = now_of(request)
    try:
        sent = issuing.resend(newest, staff_of(request), now, because)
    except issuing_refused.IssuingRefused as refusal:
        messages.error(request, WHY_NOT[type(refusal)])
        return
    wait = issuing.next_send_at(newest.pharmacy, now) if newest.pharmacy else None
    if sent:
        messages.success(request, f"L’ID …{newest.last4} è di nuovo in viaggio verso l’indirizzo certificato.")
    elif wait:
        messages.warning(request, f"Un messaggio è appena partito: potrai inviare di nuovo dalle {seconds(wait)}.")
    else:
        messages.error(request, f"L’ID …{newest.last4} non è più valido: non si può inviare di nuovo.")
