"""Acts of the role «sicurezza» on a person of the pharmacy: end the sessions, stop the person, let them in again."""

from functools import partial

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from pharmacies.models import Office, Pharmacy
from pharmacies.people import login_letters
from portal.identity.access import staff_of
from portal.identity.models import User
from portal.identity.people import stopping
from portal.identity.staff_step_up import StepUp
from portal.time.clock import now_of, real_now_of
from sessions.staff.confirmed_act import ConfirmedAct, NothingToDo, confirmed_act
from sessions.staff.pharmacy.office_acts import people_page


@confirmed_act("sicurezza", people_page, step_up=StepUp.PAGE)
def end_sessions(request: HttpRequest, pharmacy: Pharmacy, pk: int) -> ConfirmedAct:
    """«Chiudi gli accessi»."""
    person = _person(pharmacy, pk)

    def perform(because: str) -> int:
        return stopping.end_sessions(person, staff_of(request), because, pharmacy.code, real_now_of(request))

    return ConfirmedAct(
        perform=perform,
        crumb=_("Chiudi gli accessi"),
        question=_("Vuoi chiudere gli accessi di %(name)s?") % {"name": person},
        consequences=(
            _("Dai browser in cui ha lavorato finora esce subito."),
            _("Può entrare di nuovo con la sua identità."),
        ),
        button=_("Chiudi gli accessi"),
        turn_back=_("Torna indietro, non chiudere nulla"),
        done=_("Accessi chiusi."),
        too_late=_("Non aveva accessi aperti."),
    )


@confirmed_act("sicurezza", people_page, step_up=StepUp.PAGE)
def stop(request: HttpRequest, pharmacy: Pharmacy, pk: int) -> ConfirmedAct:
    """«Ferma»: the person is refused at every login, for every pharmacy."""
    person = _person(pharmacy, pk)
    _refuse_beyond(request, person)
    if not person.is_active:
        raise NothingToDo(_("%(name)s è già fuori dal portale.") % {"name": person})

    return ConfirmedAct(
        perform=partial(_change, request, pharmacy, person, True),
        crumb=_("Ferma"),
        question=_("Vuoi fermare %(name)s?") % {"name": person},
        consequences=(
            _(
                "Esce subito, e non entra più nel portale con nessuna identità digitale, per nessuna farmacia o parafarmacia."
            ),
            _("Gli ID SESSIONE, gli indirizzi e le utenze restano come sono: si lavora normalmente."),
            _("Lo scriviamo agli indirizzi certificati per cui lavora, con il motivo."),
        ),
        button=_("Ferma"),
        turn_back=_("Torna indietro, non fermare nessuno"),
        done=_("%(name)s non può più entrare.") % {"name": person},
        too_late=_("%(name)s è già fuori dal portale.") % {"name": person},
    )


@confirmed_act("sicurezza", people_page, step_up=StepUp.PAGE)
def readmit(request: HttpRequest, pharmacy: Pharmacy, pk: int) -> ConfirmedAct:
    """«Riammetti»."""
    person = _person(pharmacy, pk)
    _refuse_beyond(request, person)
    if person.is_active:
        raise NothingToDo(_("%(name)s può già entrare.") % {"name": person})

    return ConfirmedAct(
        perform=partial(_change, request, pharmacy, person, False),
        crumb=_("Riammetti"),
        question=_("Vuoi riammettere %(name)s?") % {"name": person},
        consequences=(
            _("Entra di nuovo con la sua identità digitale."),
            _("Lo scriviamo agli indirizzi certificati per cui lavora."),
        ),
        button=_("Riammetti"),
        turn_back=_("Torna indietro, non cambiare nulla"),
        done=_("%(name)s può entrare di nuovo.") % {"name": person},
        too_late=_("%(name)s può già entrare.") % {"name": person},
        danger=False,
    )


def _change(request: HttpRequest, pharmacy: Pharmacy, person: User, stops: bool, because: str) -> bool:
    """Stops the person, or lets them in again, and tells the addresses for which they work. False when nothing changed."""
    verb = stopping.stop if stops else stopping.readmit
    changed = verb(person, staff_of(request), because, pharmacy.code, real_now_of(request))
    if changed:
        login_letters.access_changed(person, because, stopped=stops, now=now_of(request))
    return changed


def _person(pharmacy: Pharmacy, pk: int) -> User:
    """The account of the person of this office. Raises Http404, and NothingToDo for a person who never came in."""
    office = get_object_or_404(Office, pk=pk, pharmacy=pharmacy)
    person = User.objects.filter(codice_fiscale=office.codice_fiscale).first()
    if person is None:
        raise NothingToDo(_("Questa persona non è mai entrata nel portale."))
    return person


def _refuse_beyond(request: HttpRequest, person: User) -> None:
    """Refuses an act that would reach a pharmacy outside the operator's territory."""
    held = Office.objects.held_by(person.codice_fiscale or "", now_of(request)).values("pharmacy")
    here = Pharmacy.objects.visible_to(staff_of(request)).values("pk")
    if Pharmacy.objects.filter(pk__in=held).exclude(pk__in=here).exists():
        raise NothingToDo(
            _("%(name)s lavora anche per farmacie fuori dal tuo territorio: chiedi a chi opera su tutta l’Italia.")
            % {"name": person}
        )
