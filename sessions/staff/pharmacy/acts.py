"""Acts of the staff on one pharmacy: each page lists the consequences, requires a reason, then acts.

No act shows an id, a code or a password, and none certifies an address: only the titolare or the direttore may do that.
"""

from django.contrib import messages
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from pharmacies import site_words
from pharmacies.models import Pharmacy
from portal.identity.access import staff_of
from portal.secrets.masking import mask_address
from portal.templatetags.portale import seconds
from portal.time.clock import now_of
from sessions.ids import issuing, issuing_refused, resending, revoking
from sessions.ids.views import WHY_NOT
from sessions.models import IdSessione
from sessions.staff.confirmed_act import ConfirmedAct, NothingToDo, confirmed_act
from sessions.staff.lists.pharmacy_status import UNREAD


@confirmed_act("assistenza")
def resend(request: HttpRequest, pharmacy: Pharmacy, pk: int) -> ConfirmedAct:
    """«Invia di nuovo»: sends the same id again. The staff never see it."""
    now, newest = now_of(request), _id_of(pharmacy, pk)
    if not newest.is_live(now):
        raise NothingToDo(f"L’ID …{newest.last4} non è più valido: non si può inviare di nuovo.")
    refusal = issuing.obstacle(newest.utenza, now)
    context = {
        "newest": newest,
        "obstacle": site_words.about(
            next((words for kind, words in WHY_NOT.items() if kind.__name__ == refusal), ""), pharmacy
        ),
        "certification": pharmacy.certifications.current().first(),
    }
    return ConfirmedAct(
        template="staff/resend.html",
        context=context,
        perform=lambda reason: _post_again(request, newest, reason),
    )


@confirmed_act("sicurezza")
def revoke_id(request: HttpRequest, pharmacy: Pharmacy, pk: int) -> ConfirmedAct:
    """«Revoca»: revokes one id."""
    now, row = now_of(request), _id_of(pharmacy, pk)
    if not row.is_within_hours(now):
        raise NothingToDo(f"L’ID …{row.last4} non è più valido: non c’è nulla da revocare.")
    return ConfirmedAct(
        crumb="Revoca ID SESSIONE",
        question=f"Vuoi revocare l’ID …{row.last4}?",
        consequences=(
            "Smette subito di valere su tutte le casse: le ricette inviate con questo ID vengono rifiutate.",
            site_words.about(
                _("Non si può tornare indietro: per lavorare la %(noun)s deve chiederne un altro."), pharmacy
            ),
            "Lo comunichiamo, con il motivo, all’indirizzo certificato e lo scriviamo nel registro attività con il tuo nome.",
        ),
        button=f"Revoca l’ID …{row.last4}",
        turn_back="Torna indietro, non revocare",
        perform=lambda reason: revoking.revoke(row, staff_of(request), now, reason),
        done=f"ID …{row.last4} revocato: non vale più su nessuna cassa.",
    )


@confirmed_act("sicurezza")
def revoke_all(request: HttpRequest, pharmacy: Pharmacy) -> ConfirmedAct:
    """«Revoca tutti gli ID»: revokes every live id of the pharmacy."""
    now = now_of(request)
    live = IdSessione.objects.filter(pharmacy=pharmacy).within_hours(now).count()
    if not live:
        raise NothingToDo(
            site_words.about(_("La %(noun)s non ha ID SESSIONE validi: non c’è nulla da revocare."), pharmacy)
        )

    def revoke(reason: str) -> bool:
        revoked = revoking.revoke_all(pharmacy, staff_of(request), reason, now)
        messages.success(
            request,
            _("ID SESSIONE revocati: %(revoked)s. La %(noun)s deve chiederne di nuovi.")
            % {"revoked": revoked, "noun": pharmacy.noun},
        )
        return True

    which = "l’unico ID valido" if live == 1 else f"tutti i {live} ID validi"
    return ConfirmedAct(
        crumb="Revoca tutti gli ID",
        question=_("Vuoi revocare %(which)s della %(noun)s?") % {"which": which, "noun": pharmacy.noun},
        consequences=(
            "Smettono subito di valere su tutte le casse, di tutte le utenze e di tutti i servizi.",
            site_words.about(
                _("Non si può tornare indietro: per lavorare la %(noun)s deve chiederne altri."), pharmacy
            ),
            "Lo comunichiamo, con il motivo, all’indirizzo certificato; nel registro attività resta una riga per ogni ID.",
        ),
        button="Revoca tutti gli ID",
        turn_back="Torna indietro, non revocare",
        perform=revoke,
    )


@confirmed_act("sicurezza")
def revoke_address(request: HttpRequest, pharmacy: Pharmacy) -> ConfirmedAct:
    """«Revoca l’indirizzo»: revokes the certified address, which ends the pharmacy's ids."""
    current = pharmacy.certifications.current().first()
    if current is None:
        raise NothingToDo(
            site_words.about(_("La %(noun)s non ha un indirizzo certificato: non c’è nulla da revocare."), pharmacy)
        )
    return ConfirmedAct(
        crumb="Revoca l’indirizzo",
        question=f"Vuoi revocare l’indirizzo {mask_address(current.address)}?",
        consequences=(
            site_words.about(_("Tutti gli ID SESSIONE della %(noun)s smettono subito di valere."), pharmacy),
            "Per lavorare, il titolare o il direttore deve certificare un indirizzo: nessun operatore può farlo al suo posto.",
            "Lo comunichiamo, con il motivo, all’indirizzo revocato e lo scriviamo nel registro attività con il tuo nome.",
        ),
        button="Revoca l’indirizzo",
        turn_back="Torna indietro, non revocare",
        perform=lambda reason: current.revoke(staff_of(request), now_of(request), reason),
        done=f"Indirizzo {mask_address(current.address)} revocato.",
    )


@confirmed_act("assistenza")
def reachable(request: HttpRequest, pharmacy: Pharmacy) -> ConfirmedAct:
    """«Segna come raggiungibile»: for a pharmacy that has emptied, repaired or reopened its mailbox."""
    current = pharmacy.certifications.current().exclude(undeliverable_at=None).first()
    if current is None:
        raise NothingToDo(
            site_words.about(_("L’indirizzo della %(noun)s non è segnato come non raggiungibile."), pharmacy)
        )
    return ConfirmedAct(
        crumb="Indirizzo raggiungibile",
        question=f"L’indirizzo {mask_address(current.address)} riceve di nuovo?",
        consequences=(
            site_words.about(
                _("La %(noun)s può di nuovo chiedere ID SESSIONE e ricevere promemoria a questo indirizzo."), pharmacy
            ),
            "Le inviamo subito un messaggio con il motivo: se la casella lo rifiuta, torna non raggiungibile da sola.",
            "Il tuo nome resta nel registro attività.",
        ),
        button="Segna come raggiungibile",
        turn_back="Torna indietro, non segnare",
        danger=False,
        perform=lambda reason: current.reachable_again(staff_of(request), reason, now_of(request)),
        done=f"Indirizzo {mask_address(current.address)} di nuovo raggiungibile.",
    )


def _id_of(pharmacy: Pharmacy, pk: int) -> IdSessione:
    return get_object_or_404(pharmacy.ids.with_facts().defer(*UNREAD), pk=pk)


def _post_again(request: HttpRequest, newest: IdSessione, because: str) -> bool:
    """Sends the id again and says what became of it. True: the page is not shown again."""
    now = now_of(request)
    try:
        sent = resending.resend(newest, staff_of(request), now, because)
    except issuing_refused.IssuingRefused as refusal:
        messages.error(request, site_words.about(WHY_NOT[type(refusal)], newest.pharmacy))
        return True
    wait = resending.next_send_at(newest.pharmacy, now) if newest.pharmacy else None
    if sent:
        messages.success(request, f"L’ID …{newest.last4} è di nuovo in viaggio verso l’indirizzo certificato.")
    elif wait:
        messages.warning(request, f"Un messaggio è appena partito: potrai inviare di nuovo dalle {seconds(wait)}.")
    else:
        messages.error(request, f"L’ID …{newest.last4} non è più valido: non si può inviare di nuovo.")
    return True
