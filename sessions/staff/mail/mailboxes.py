"""Mailboxes that look dead: a test letter to one, and the decision on many of one domain at once."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from pharmacies.certification import trials
from portal.identity.access import staff_of, staff_required
from portal.journal.models import record
from portal.outbox import marking
from portal.outbox.alarms import alarms
from portal.outbox.models import DeadMailbox
from portal.secrets.masking import mask_address
from portal.templatetags.portale import seconds
from portal.time.clock import now_of
from sessions.staff.pharmacy.acts import Confirmation, asks_and_acts, pharmacy_of
from sessions.staff.reason import ReasonForm

SHOWN = 20  # mailboxes of a domain
CONFIRM, DISMISS = "conferma", "rinuncia"


@staff_required("assistenza")
@asks_and_acts
def trial(request: HttpRequest, code: str) -> HttpResponse:
    """«Prova di nuovo»: sends a test letter to a certified address that refused mail."""
    now, pharmacy = now_of(request), pharmacy_of(request, code)
    current = pharmacy.certifications.current().first()
    if current is None or not trials.may_try(current):
        messages.warning(request, _("L’indirizzo della farmacia riceve i messaggi: non serve una prova."))
        return redirect("staff:pharmacy", code)
    if until := trials.next_trial_at(current, now):
        messages.warning(
            request, _("Una prova è appena partita: potrai riprovare dalle %(at)s.") % {"at": seconds(until)}
        )
        return redirect("staff:pharmacy", code)
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        if trials.send(current, staff_of(request), now, form.reason):
            messages.success(request, _("Messaggio di prova in partenza: tra i messaggi vedi che cosa ne è stato."))
        return redirect("staff:pharmacy", code)
    act = Confirmation(
        _("Prova di nuovo"),
        _("Vuoi inviare un messaggio di prova a %(address)s?") % {"address": mask_address(current.address)},
        (
            _("È un messaggio breve, senza ID e senza codici: dice che la posta del portale arriva."),
            _("Se viene consegnato, l’indirizzo torna raggiungibile da solo. Se torna indietro, non cambia nulla."),
            _("Il tuo nome e il motivo restano nel registro attività della farmacia."),
        ),
        _("Invia la prova"),
        _("Torna indietro, non inviare"),
        danger=False,
    )
    return render(request, "staff/act.html", {"pharmacy": pharmacy, "act": act, "form": form})


@staff_required
@require_safe
def held_mailboxes(request: HttpRequest) -> HttpResponse:
    """Lists the domains with too many mailboxes that looked dead at once, for an operator to decide."""
    _whole_nation(request)
    groups = [
        {"domain": domain, "mailboxes": mailboxes, "letters": _letters(domain)[:SHOWN]}
        for domain, mailboxes in alarms(now_of(request)).held
    ]
    return render(request, "staff/held_mailboxes.html", {"groups": groups, "roles": staff_of(request).roles})


@staff_required("assistenza")
@asks_and_acts
def decide(request: HttpRequest, domain: str, verdict: str) -> HttpResponse:
    """«Segna come non raggiungibili» or «Non segnare»: decides on all held mailboxes of a domain."""
    _whole_nation(request)
    if verdict not in (CONFIRM, DISMISS):
        raise Http404
    held = DeadMailbox.objects.held().filter(domain=domain).values("letter__recipient").distinct().count()
    if not held:
        messages.warning(request, _("Per questo dominio non c’è più nulla da decidere."))
        return redirect("staff:held_mailboxes")
    form = ReasonForm(request.POST or None)
    if form.is_valid():
        _decide(request, domain, verdict, form.reason)
        return redirect("staff:held_mailboxes")
    return render(request, "staff/held_decide.html", {"act": _act(domain, verdict, held), "form": form})


def _whole_nation(request: HttpRequest) -> None:
    """Raises Http404 for an operator limited to a territory: a domain has mailboxes everywhere."""
    if not staff_of(request).territory.is_whole_nation:
        raise Http404


def _act(domain: str, verdict: str, held: int) -> Confirmation:
    which = {"held": held, "domain": domain}
    if verdict == CONFIRM:
        return Confirmation(
            _("Segna come non raggiungibili"),
            _("Vuoi segnare come non raggiungibili %(held)s caselle di %(domain)s?") % which,
            (
                _("Queste farmacie non possono chiedere ID SESSIONE finché non sistemano l’indirizzo: è giusto solo se le caselle non esistono più."),
                _("Se il server di %(domain)s ha avuto un guasto, torna indietro e scegli «Non segnare».") % which,
                _("Il tuo nome e il motivo restano nel registro."),
            ),
            _("Segna come non raggiungibili"),
            _("Torna indietro, non segnare"),
        )  # fmt: skip
    return Confirmation(
        _("Non segnare"),
        _("Vuoi lasciare in uso %(held)s caselle di %(domain)s?") % which,
        (
            _("Nessuna viene segnata: le farmacie continuano a chiedere ID SESSIONE."),
            _("Il messaggio rifiutato resta non consegnato; un nuovo rifiuto fa ripartire il conto."),
            _("Il tuo nome e il motivo restano nel registro."),
        ),
        _("Non segnare"),
        _("Torna indietro, decidi dopo"),
        danger=False,
    )


def _decide(request: HttpRequest, domain: str, verdict: str, reason: str) -> None:
    """Writes the journal entry first: each mailbox is then decided in a transaction of its own."""
    now, letters = now_of(request), _letters(domain).count()
    verb = "mailboxes.confirmed" if verdict == CONFIRM else "mailboxes.dismissed"
    record(verb, now=now, actor=staff_of(request), domain=domain, letters=letters, reason=reason)
    (marking.confirm if verdict == CONFIRM else marking.dismiss)(domain, now)
    messages.success(request, _("Fatto: la decisione è scritta nel registro."))


def _letters(domain: str) -> Any:
    held = DeadMailbox.objects.held().filter(domain=domain).select_related("letter").defer("letter__sealed_source")
    return held.order_by("-found_at", "pk")
