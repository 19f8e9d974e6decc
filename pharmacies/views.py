"""The pages of «Servizi on line»: choice of the pharmacy, summary, «Sicurezza», «Gestione mail certificata», «Registro attività»."""

from collections.abc import Mapping

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from pharmacies import site_words
from pharmacies.access import CERTIFYING, OfficeRequest, fresh_holder_required, holder_required, office_required
from pharmacies.certification import succession, trials
from pharmacies.certification.situation import cards, situation_of
from pharmacies.delegations.news import news_for
from pharmacies.models import Office, RoleRequest
from pharmacies.people import role_requests
from pharmacies.people.terms import last_day
from pharmacies.register.moves import moves_of
from pharmacies.wizard.steps import WizardStep, side_list
from portal.identity.access import authenticated_with, person_required
from portal.journal.models import Entry
from portal.secrets.masking import mask_codice_fiscale
from portal.templatetags.portale import seconds
from portal.time.clock import now_of
from portal.web.live import is_fragment, live_page

ENTRIES_A_PAGE = 20


@person_required
def choose(request: HttpRequest) -> HttpResponse:
    """«Per quale farmacia operi?»: redirects a person with one pharmacy; explains the ways out to a person with none."""
    now = now_of(request)
    assert request.user.is_authenticated  # noqa: S101  person_required checked it
    codice_fiscale = request.user.codice_fiscale or ""
    found = cards(Office.objects.held_by(codice_fiscale, now), now)
    if len(found) == 1:
        for decided in role_requests.unread(request.user, now):
            messages.add_message(request, *_outcome(decided))
        return redirect("pharmacies:overview", found[0].office.pharmacy.code)
    requests = role_requests.shown_to(request.user, now).select_related("pharmacy")
    news = {
        "requests": requests,
        "delegation_news": news_for(request.user, now),
        "moves": moves_of(codice_fiscale, now),
    }
    sites = [card.office.pharmacy for card in found]
    if not found:
        context = {"masked_codice_fiscale": mask_codice_fiscale(codice_fiscale), **news}
        return render(request, "pharmacies/none.html", context)
    return render(
        request,
        "pharmacies/choose.html",
        {"cards": found, "one": site_words.of_one(sites), "many": site_words.of_many(sites), **news},
    )


def _outcome(decided: RoleRequest) -> tuple[int, str]:
    """The level and the text of the message about a decision."""
    about = {"role": decided.get_role_display(), "code": decided.code, "because": decided.because, "noun": decided.noun}
    if decided.is_approved:
        words = _("La tua richiesta è stata accolta: risulti %(role)s della %(noun)s cod. %(code)s.") % about
        return messages.SUCCESS, words
    words = _("La richiesta di risultare %(role)s della %(noun)s cod. %(code)s è stata respinta: %(because)s.") % about
    return messages.WARNING, words


@office_required
def overview(request: OfficeRequest) -> HttpResponse:
    """The summary: the ids of today, the state of the mailbox, and links to the other pages."""
    now, frame = now_of(request), {"pharmacy": request.pharmacy, "office": request.office, "current": "overview"}
    if is_fragment(request):
        return live_page(request, "pharmacies/overview.html", frame)
    until = request.office.until
    context = {
        "situation": situation_of(request.pharmacy, now),
        "delegation_news": news_for(request.user, now),
        "last_day": last_day(until) if until else None,
    }
    return live_page(request, "pharmacies/overview.html", {**frame, **context})


@office_required
def security(request: OfficeRequest) -> HttpResponse:
    """«Sicurezza», with the link «Certifica mail»."""
    situation = situation_of(request.pharmacy, now_of(request))
    steps = side_list(WizardStep.CERTIFY) if situation.current is None else None
    return _page(request, "security", {"situation": situation, "step": WizardStep.CERTIFY, "steps": steps})


@office_required
def mail(request: OfficeRequest) -> HttpResponse:
    """«Gestione mail certificata»: the address in force, the pending change, the past addresses."""
    now = now_of(request)
    situation = situation_of(request.pharmacy, now)
    current = situation.current
    context = {
        "situation": situation,
        "certification": current,
        "letter": current.last_letter if current else None,
        "trial": trials.last_trial(current) if current else None,
        "may_try": current is not None and request.office.may_certify and trials.may_try(current),
        "next_trial_at": trials.next_trial_at(current, now) if current else None,
        "relay_hours": round(settings.RELAY_SILENT_FOR.total_seconds() / 3600),
        "under_way": situation.under_way,
        "past": request.pharmacy.certifications.past(),
    }
    return _page(request, "mail", context)


@holder_required(CERTIFYING)
@require_POST
def trial(request: OfficeRequest) -> HttpResponse:
    """«Prova di nuovo»: sends a test letter to an address that refused mail."""
    current, now = request.pharmacy.certifications.current().first(), now_of(request)
    if current is not None and trials.send(current, request.user, now):
        messages.success(request, _("Messaggio di prova in partenza: qui sotto vedi che cosa ne è stato."))
    elif current is not None and (until := trials.next_trial_at(current, now)):
        messages.warning(
            request, _("Una prova è appena partita: potrai riprovare dalle %(at)s.") % {"at": seconds(until)}
        )
    else:
        messages.info(request, _("Non serve una prova: l’indirizzo riceve i messaggi."))
    return redirect("pharmacies:mail", request.pharmacy.code)


@holder_required(CERTIFYING)
def cancel_change(request: OfficeRequest) -> HttpResponse:
    """«Annulla la modifica»: gives up the pending request; the address in force does not change."""
    now = now_of(request)
    under_way = request.pharmacy.certifications.pending(now).first()
    if request.method == "POST" and under_way is not None and under_way.withdraw(request.user, now):
        messages.success(request, "Richiesta annullata: il codice che ti abbiamo inviato non serve più.")
    return redirect("pharmacies:mail", request.pharmacy.code)


@fresh_holder_required(CERTIFYING)
def revoke(request: OfficeRequest) -> HttpResponse:
    """«Revoca»: GET explains the effects, POST revokes the address."""
    current = request.pharmacy.certifications.current().first()
    if current is None:
        return redirect("pharmacies:mail", request.pharmacy.code)
    if request.method != "POST":
        return _page(request, "revoke", {"certification": current}, menu="mail")
    current.revoke(request.user, now_of(request))
    messages.success(
        request,
        site_words.about(
            _("Indirizzo revocato: tutti gli ID SESSIONE della %(noun)s non valgono più."), request.pharmacy
        ),
    )
    return redirect("pharmacies:mail", request.pharmacy.code)


@fresh_holder_required(CERTIFYING)
def confirm(request: OfficeRequest) -> HttpResponse:
    """«Conferma»: GET explains why the address waits, POST confirms the address that the page showed."""
    now = now_of(request)
    situation = situation_of(request.pharmacy, now)
    if request.method == "POST" and situation.current is not None:
        shown = request.POST.get("certificazione") == str(situation.current.pk)
        if shown and succession.confirm(situation.current, request.user, authenticated_with(request), now):
            messages.success(request, _("Indirizzo confermato: da adesso ne rispondi tu."))
        else:
            messages.info(request, _("Qui non c’è più niente da confermare: controlla l’indirizzo di adesso."))
        return redirect("pharmacies:overview", request.pharmacy.code)
    if situation.succession is None:
        return redirect("pharmacies:mail", request.pharmacy.code)
    return _page(request, "confirm", {"situation": situation}, menu="mail")


@office_required
def journal(request: OfficeRequest) -> HttpResponse:
    """«Registro attività»: the journal of this pharmacy, newest first."""
    entries = Entry.objects.filter(about=request.pharmacy.code).order_by("-at", "-pk")
    page = Paginator(entries, ENTRIES_A_PAGE).get_page(request.GET.get("pagina"))
    return _page(request, "journal", {"page_obj": page})


def _page(request: OfficeRequest, name: str, context: Mapping[str, object], menu: str = "") -> HttpResponse:
    frame: dict[str, object] = {"pharmacy": request.pharmacy, "office": request.office, "current": menu or name}
    return render(request, f"pharmacies/{name}.html", {**frame, **context})
