"""Mailboxes that look dead: a test letter to one, and the decision on many of one domain at once."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from pharmacies import site_words
from pharmacies.certification import trials
from pharmacies.models import Pharmacy
from portal.identity.access import staff_of, staff_required
from portal.journal.models import record
from portal.outbox import marking
from portal.outbox.alarms import alarms
from portal.outbox.models import DeadMailbox
from portal.secrets.masking import mask_address
from portal.templatetags.portale import seconds
from portal.time.clock import now_of
from sessions.staff.confirmed_act import ConfirmedAct, NothingToDo, ask_or_act, asks_and_acts, confirmed_act

SHOWN = 20  # mailboxes of a domain
CONFIRM, DISMISS = "conferma", "rinuncia"


@confirmed_act("assistenza")
def trial(request: HttpRequest, pharmacy: Pharmacy) -> ConfirmedAct:
    """«Prova di nuovo»: sends a test letter to a certified address that refused mail."""
    now, current = now_of(request), pharmacy.certifications.current().first()
    if current is None or not trials.may_try(current):
        raise NothingToDo(
            site_words.about(_("L’indirizzo della %(noun)s riceve i messaggi: non serve una prova."), pharmacy)
        )
    if until := trials.next_trial_at(current, now):
        raise NothingToDo(_("Una prova è appena partita: potrai riprovare dalle %(at)s.") % {"at": seconds(until)})
    return ConfirmedAct(
        crumb=_("Prova di nuovo"),
        question=_("Vuoi inviare un messaggio di prova a %(address)s?") % {"address": mask_address(current.address)},
        consequences=(
            _("È un messaggio breve, senza ID e senza codici: dice che la posta del portale arriva."),
            _("Se viene consegnato, l’indirizzo torna raggiungibile da solo. Se torna indietro, non cambia nulla."),
            site_words.about(_("Il tuo nome e il motivo restano nel registro attività della %(noun)s."), pharmacy),
        ),
        button=_("Invia la prova"),
        turn_back=_("Torna indietro, non inviare"),
        danger=False,
        perform=lambda reason: trials.send(current, staff_of(request), now, reason),
        done=_("Messaggio di prova in partenza: tra i messaggi vedi che cosa ne è stato."),
        too_late="",
    )


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
    return ask_or_act(request, _act(request, domain, verdict, held), reverse("staff:held_mailboxes"))


def _whole_nation(request: HttpRequest) -> None:
    """Raises Http404 for an operator limited to a territory: a domain has mailboxes everywhere."""
    if not staff_of(request).territory.is_whole_nation:
        raise Http404


def _act(request: HttpRequest, domain: str, verdict: str, held: int) -> ConfirmedAct:
    which = {"held": held, "domain": domain}
    if verdict == CONFIRM:
        return ConfirmedAct(
            crumb=_("Segna come non raggiungibili"),
            question=_("Vuoi segnare come non raggiungibili %(held)s caselle di %(domain)s?") % which,
            consequences=(
                _("Queste farmacie non possono chiedere ID SESSIONE finché non sistemano l’indirizzo: è giusto solo se le caselle non esistono più."),
                _("Se il server di %(domain)s ha avuto un guasto, torna indietro e scegli «Non segnare».") % which,
                _("Il tuo nome e il motivo restano nel registro."),
            ),
            button=_("Segna come non raggiungibili"),
            turn_back=_("Torna indietro, non segnare"),
            template="staff/held_decide.html",
            perform=lambda reason: _decide(request, domain, verdict, reason),
            done=_("Fatto: la decisione è scritta nel registro."),
        )  # fmt: skip
    return ConfirmedAct(
        crumb=_("Non segnare"),
        question=_("Vuoi lasciare in uso %(held)s caselle di %(domain)s?") % which,
        consequences=(
            _("Nessuna viene segnata: le farmacie continuano a chiedere ID SESSIONE."),
            _("Il messaggio rifiutato resta non consegnato; un nuovo rifiuto fa ripartire il conto."),
            _("Il tuo nome e il motivo restano nel registro."),
        ),
        button=_("Non segnare"),
        turn_back=_("Torna indietro, decidi dopo"),
        danger=False,
        template="staff/held_decide.html",
        perform=lambda reason: _decide(request, domain, verdict, reason),
        done=_("Fatto: la decisione è scritta nel registro."),
    )


def _decide(request: HttpRequest, domain: str, verdict: str, reason: str) -> bool:
    """Writes the journal entry first: each mailbox is then decided in a transaction of its own."""
    now, letters = now_of(request), _letters(domain).count()
    verb = "mailboxes.confirmed" if verdict == CONFIRM else "mailboxes.dismissed"
    record(verb, now=now, actor=staff_of(request), domain=domain, letters=letters, reason=reason)
    (marking.confirm if verdict == CONFIRM else marking.dismiss)(domain, now)
    return True


def _letters(domain: str) -> Any:
    held = DeadMailbox.objects.held().filter(domain=domain).select_related("letter").defer("letter__sealed_source")
    return held.order_by("-found_at", "pk")
