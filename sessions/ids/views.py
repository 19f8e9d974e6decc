"""«Gestione ID-SESSIONE»: request an id, see it, send it again, revoke it."""

from collections.abc import Mapping

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pharmacies import site_words
from pharmacies.access import OfficeRequest, ids_required
from pharmacies.models import MailCertification
from portal.templatetags.portale import seconds
from portal.time.clock import italian_time, now_of
from portal.values.mail_address import readable
from portal.web.live import is_fragment, live_page
from sessions.ids import issuing, issuing_refused, resending, revealing, revoking
from sessions.ids.board import board_of
from sessions.ids.cards import IdCard, current
from sessions.ids.choice import ChoiceForm, IdChoice
from sessions.models import IdSessione

PAGE = 10
WHY_NOT = {
    issuing_refused.NoCertifiedAddress: _(
        "La %(noun)s non ha un indirizzo certificato: l’ID SESSIONE non saprebbe dove arrivare."
    ),
    issuing_refused.AddressUnreachable: _("L’indirizzo certificato rifiuta i messaggi: l’ID SESSIONE non arriverebbe."),
    issuing_refused.UtenzaNotUsable: _("L’utenza è disabilitata o bloccata: non può avere un ID SESSIONE."),
    issuing_refused.ContextNotForSite: _("Per questo tipo di ricetta non si può avere un nuovo ID SESSIONE."),
    issuing_refused.ClockAstray: _(
        "Per un guasto del portale adesso non si può avere un ID SESSIONE. Riprova tra qualche minuto."
    ),
    issuing_refused.PharmacyClosed: _("La %(noun)s risulta chiusa nel registro nazionale."),
}
no_store = cache_control(no_store=True, private=True)


@ids_required
@require_safe
@no_store
def manage(request: OfficeRequest) -> HttpResponse:
    """A card for each utenza and kind of prescription with the acts possible now, and the history of the pharmacy.

    `?utenza=…&uso=…` names a card whose utenza must not fold.
    """
    now, pharmacy = now_of(request), request.pharmacy
    also = _named(request)
    board = board_of(pharmacy, now, also=also)
    context: dict[str, object] = {
        "board": board,
        "next_send_at": resending.next_send_at(pharmacy, now) if any(card.ids for card in board.cards) else None,
        "certified_readable": readable(board.certification.address) if board.certification else "",
    }
    if not is_fragment(request):
        rows = pharmacy.ids.with_facts().select_related("requested_by").defer("letter__sealed_source")
        page = Paginator(rows.order_by("-requested_at", "-pk"), PAGE).get_page(request.GET.get("pagina"))
        context |= {"page_obj": page, "history": [IdCard(row, now) for row in page]}
    frame = {"pharmacy": pharmacy, "office": request.office, "current": "ids"}
    return live_page(request, "sessions/manage.html", {**frame, **context})


def _named(request: OfficeRequest) -> int | None:
    """The utenza that the URL names. Raises Http404 for a choice that this pharmacy does not have."""
    if not {"utenza", "uso"} & request.GET.keys():
        return None
    choice = ChoiceForm(request.pharmacy, request.GET, now_of(request)).choice()
    if choice is None:
        raise Http404
    return choice.utenza.pk


@ids_required
@require_http_methods(["GET", "HEAD", "POST"])
@no_store
def request_id(request: OfficeRequest) -> HttpResponse:
    """Issues a new id. When one is live, GET says what will happen to it and asks for a confirmation; a POST without that
    confirmation is redirected to the same question.
    """
    now = now_of(request)
    data = request.POST if "utenza" in request.POST else request.GET
    choice = ChoiceForm(request.pharmacy, data, now).choice()
    if choice is None:
        raise Http404
    cards = _live(choice, request)
    if request.method != "POST":
        certification = MailCertification.objects.current().filter(pharmacy=request.pharmacy).first()
        context = {"choice": choice, "cards": cards, "certification": certification}
        return _page(request, "request", context) if cards else _back(request, choice)
    if cards and not request.POST.get("confermo") and not any(issuing.is_same_request(card.row, now) for card in cards):
        return redirect(f"{reverse('sessions:request', args=[request.pharmacy.code])}?{choice.query}")
    try:
        outcome = issuing.request(choice.utenza, choice.context, now, request.user)
    except issuing_refused.IssuingRefused as refusal:
        messages.error(request, site_words.about(WHY_NOT[type(refusal)], request.pharmacy))
        return _back(request, choice)
    if outcome.issued:
        address = outcome.issued.id_sessione.letter.recipient
        messages.success(
            request, f"Il nuovo ID SESSIONE è in viaggio verso {address}. Puoi anche leggerlo qui con «Mostra»."
        )
    elif outcome.already:
        messages.warning(
            request,
            f"Un ID SESSIONE è appena stato chiesto, alle {seconds(outcome.already.requested_at)}: vale quello. "
            f"Potrai chiederne un altro dalle {seconds(outcome.already.requested_at + issuing.SAME_REQUEST_FOR)}.",
        )
    elif outcome.not_before:
        messages.error(
            request,
            f"Sono già stati chiesti {issuing.REQUESTS_AN_HOUR} ID nell’ultima ora: "
            f"potrai chiederne un altro dalle {italian_time(outcome.not_before)}.",
        )
    return _back(request, choice)


@ids_required
@require_http_methods(["GET", "HEAD", "POST"])
@no_store
def show(request: OfficeRequest, pk: int) -> HttpResponse:
    """Shows the whole id, only in the answer to a POST: it appears in no URL, no cache, no history."""
    row, now = _row(request, pk), now_of(request)
    if request.method != "POST":
        return _back(request, IdChoice(row.utenza, row.context))
    plain = revealing.reveal(row, request.user, now)
    if plain is None:
        messages.error(request, "Questo ID SESSIONE non è più valido: non si può più mostrare.")
        return _back(request, IdChoice(row.utenza, row.context))
    return _page(
        request, "show", {"card": IdCard(row, now), "choice": IdChoice(row.utenza, row.context), "plain": plain}
    )


@ids_required
@require_POST
def resend(request: OfficeRequest, pk: int) -> HttpResponse:
    """Sends the same id again."""
    row, now = _row(request, pk), now_of(request)
    try:
        sent = resending.resend(row, request.user, now)
    except issuing_refused.IssuingRefused as refusal:
        messages.error(request, site_words.about(WHY_NOT[type(refusal)], request.pharmacy))
        return _back(request, IdChoice(row.utenza, row.context))
    wait = resending.next_send_at(request.pharmacy, now)
    if sent:
        messages.success(request, "Lo stesso ID SESSIONE è di nuovo in viaggio: non è cambiato nulla per chi lo usa.")
    elif row.is_live(now) and wait:
        messages.warning(request, f"Un messaggio è appena partito: potrai reinviare l’ID dalle {seconds(wait)}.")
    else:
        messages.error(request, "Questo ID SESSIONE non è più valido: non si può reinviare.")
    return _back(request, IdChoice(row.utenza, row.context))


@ids_required
@require_http_methods(["GET", "HEAD", "POST"])
@no_store
def revoke(request: OfficeRequest, pk: int) -> HttpResponse:
    """GET says what will stop working; POST revokes."""
    row, now = _row(request, pk), now_of(request)
    if request.method != "POST" and row.is_live(now):
        return _page(request, "revoke", {"card": IdCard(row, now), "choice": IdChoice(row.utenza, row.context)})
    if request.method == "POST" and revoking.revoke(row, request.user, now):
        messages.success(request, f"L’ID SESSIONE …{row.last4} è revocato: da adesso nessuno può più usarlo.")
    else:
        messages.warning(request, f"L’ID SESSIONE …{row.last4} non era già più valido.")
    return _back(request, IdChoice(row.utenza, row.context))


def _row(request: OfficeRequest, pk: int) -> IdSessione:
    return get_object_or_404(request.pharmacy.ids.with_facts(), pk=pk)


def _live(choice: IdChoice, request: OfficeRequest) -> list[IdCard]:
    now = now_of(request)
    rows = IdSessione.objects.of(choice.utenza, choice.context).live(now).with_facts().select_related("requested_by")
    return current(list(rows), now)


def _back(request: OfficeRequest, choice: IdChoice) -> HttpResponse:
    """To the page of this choice; when the page no longer offers it (the last id of a context is revoked), to its default."""
    page = reverse("sessions:manage", args=[request.pharmacy.code])
    still = ChoiceForm(request.pharmacy, {key: str(value) for key, value in choice.fields.items()}, now_of(request))
    return redirect(f"{page}?{choice.query}" if still.is_valid() else page)


def _page(request: OfficeRequest, name: str, context: Mapping[str, object]) -> HttpResponse:
    frame = {"pharmacy": request.pharmacy, "office": request.office, "current": "ids"}
    return render(request, f"sessions/{name}.html", {**frame, **context})
