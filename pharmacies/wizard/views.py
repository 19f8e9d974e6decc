"""The pages of «Certifica mail» and of «Modifica», which runs the same steps while the old address stays in force."""

from collections.abc import Mapping
from datetime import datetime
from email.utils import parseaddr

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from pharmacies import site_words
from pharmacies.access import CERTIFYING, OfficeRequest, fresh_holder_required, holder_required
from pharmacies.certification.code_facts import CodeFacts
from pharmacies.certification.situation import situation_of
from pharmacies.models import MailCertification
from pharmacies.models.certification_refused import AlreadyCertified, NothingToConfirm, NotYet, TooManyAttempts
from pharmacies.models.codice_validazione import CODE_USABLE_FOR
from pharmacies.wizard import refusal_sentences
from pharmacies.wizard.forms import AddressForm, CodeForm
from pharmacies.wizard.steps import WizardFacts, WizardStep, current_step, side_list
from portal.identity.access import authenticated_with, typed_before
from portal.time.clock import now_of
from portal.values.mail_address import readable
from portal.web.live import fragment, is_fragment

# Where each step is done. A code that cannot arrive any more has the page of the code too, which offers another one.
PAGE_OF = {
    WizardStep.ADDRESS: "wizard:address",
    WizardStep.CODE: "wizard:code",
    WizardStep.NEW_CODE: "wizard:code",
    WizardStep.MANAGE: "pharmacies:mail",
}


@holder_required(CERTIFYING)
def resume(request: OfficeRequest) -> HttpResponse:
    """«Certifica mail»: redirects to the page of the current step, also on another device."""
    situation = situation_of(request.pharmacy, now_of(request))
    step = current_step(WizardFacts.of(situation.codes, certified=situation.current is not None))
    if step is WizardStep.MANAGE:
        messages.info(request, site_words.about(refusal_sentences.NOTHING_TO_CERTIFY, request.pharmacy))
    return redirect(PAGE_OF[step], request.pharmacy.code)


@fresh_holder_required(CERTIFYING)
def address(request: OfficeRequest) -> HttpResponse:
    """Asks for the first address; a certified address is changed from «Gestione mail certificata»."""
    if _in_force(request) is not None:
        return redirect("pharmacies:mail", request.pharmacy.code)
    return _ask_address(request, None)


@fresh_holder_required(CERTIFYING)
def change(request: OfficeRequest) -> HttpResponse:
    """«Modifica»: asks for another address; the old one stays in force until the new one is certified."""
    current = _in_force(request)
    if current is None:
        return redirect("wizard:resume", request.pharmacy.code)
    return _ask_address(request, current)


def _ask_address(request: OfficeRequest, current: MailCertification | None) -> HttpResponse:
    under_way = _under_way(request)
    if request.method == "POST":
        form = AddressForm(request.pharmacy, request.POST)
        if form.is_valid() and not form.asks_about_spelling and not form.warnings and _send_first_code(request, form):
            return redirect("wizard:code", request.pharmacy.code)
    else:
        typed = _interrupted(request).get("indirizzo") or (readable(under_way.address) if under_way else "")
        form = AddressForm(request.pharmacy, initial={"indirizzo": typed})
    context = {"form": form, "certified": current, "under_way": under_way}
    return _page(request, "address", WizardStep.ADDRESS, context)


def _interrupted(request: OfficeRequest) -> dict[str, str]:
    """Returns the fields typed before a repeated login, and warns that they were not sent."""
    typed = typed_before(request)
    if typed is not None:
        messages.warning(request, refusal_sentences.INTERRUPTED)
    return typed or {}


def _send_first_code(request: OfficeRequest, form: AddressForm) -> bool:
    """Begins the request and sends its first code. Returns False and adds the error to the form when it is refused."""
    assert form.examined is not None  # noqa: S101  clean_indirizzo() sets it
    now = now_of(request)
    try:
        MailCertification.objects.begin_and_send(request.pharmacy, form.examined, request.user, now)
    except AlreadyCertified:
        form.add_error("indirizzo", site_words.about(refusal_sentences.ALREADY_CERTIFIED, request.pharmacy))
    except NotYet as refusal:
        form.add_error(None, refusal_sentences.not_yet(refusal, now))
    return form.is_valid()


@fresh_holder_required(CERTIFYING)
def code(request: OfficeRequest) -> HttpResponse:
    """Asks for the code from the letter. A GET sends nothing."""
    certification = _under_way(request)
    if certification is None:
        return _after_the_end(request)
    if request.method != "POST":
        _interrupted(request)
    form = CodeForm(request.POST if request.method == "POST" else None, initial={"richiesta": certification.pk})
    if form.is_valid():
        if form.cleaned_data["richiesta"] not in (None, certification.pk):
            messages.warning(request, refusal_sentences.OTHER_REQUEST)
            return redirect("wizard:code", request.pharmacy.code)
        answer = _confirm(request, certification, form)
        if answer is not None:
            return answer
    return _code_page(request, certification, form)


def _confirm(request: OfficeRequest, certification: MailCertification, form: CodeForm) -> HttpResponse | None:
    """Returns the redirect after a typed code; None to stay on the page, with the error on the form."""
    now, typed = now_of(request), form.cleaned_data["codice"]
    try:
        confirmed = certification.confirm(typed, request.user, authenticated_with(request), now)
    except TooManyAttempts:
        return redirect("wizard:code", request.pharmacy.code)  # the page shows the end of the lock
    except NothingToConfirm:
        return redirect("wizard:resume", request.pharmacy.code)
    if confirmed:
        return redirect("wizard:done", request.pharmacy.code)
    if certification.locked_until(now) or not certification.codes.usable(now).exists():
        return redirect("wizard:code", request.pharmacy.code)  # no attempt is left, or the code expired meanwhile
    form.add_error("codice", refusal_sentences.wrong_code(certification, typed, now))
    return None


def _code_page(request: OfficeRequest, certification: MailCertification, form: CodeForm) -> HttpResponse:
    now = now_of(request)
    codes = CodeFacts.of(certification, now)
    next_send = certification.next_send(now)
    context = {
        "form": form,
        "certification": certification,
        "certified": _in_force(request),
        "newest": codes.newest,
        "letter": codes.newest.letter if codes.newest else None,
        "accepted": codes.accepted,
        "several_usable": len(codes.usable) > 1,
        "refused": codes.refused,
        "withdrawn": codes.withdrawn,
        "expired": codes.expired,
        "locked": refusal_sentences.at_time(codes.locked_until, now) if codes.locked_until else "",
        "attempts_left": certification.attempts_left(now),
        "next_send": next_send,
        "next_send_at": refusal_sentences.at_time(next_send.at, now) if next_send.at else "",
        "codes_allowed": refusal_sentences.codes_allowed(next_send.refusal),
        "sender": parseaddr(settings.DEFAULT_FROM_EMAIL)[1],
        "minutes": int(CODE_USABLE_FOR.total_seconds() // 60),
    }
    if is_fragment(request):
        live = {"letter": context["letter"], "refused": codes.refused, "pharmacy": request.pharmacy, "fragment": True}
        return fragment(request, "pharmacies/wizard/code_delivery.html", live)
    step = current_step(WizardFacts.of(codes, certified=False))
    return _page(request, "code", step, context)


@fresh_holder_required(CERTIFYING)
def new_code(request: OfficeRequest) -> HttpResponse:
    """«Richiedi un nuovo codice»: a POST sends a code."""
    certification = _under_way(request)
    if certification is None:
        return _after_the_end(request)
    if request.method == "POST":
        now = now_of(request)
        try:
            certification.send_code(now)
            messages.success(request, "Un nuovo codice è in partenza.")
        except NotYet as refusal:
            messages.warning(request, refusal_sentences.not_yet(refusal, now))
        except NothingToConfirm:
            return redirect("wizard:resume", request.pharmacy.code)
    return redirect("wizard:code", request.pharmacy.code)


@holder_required(CERTIFYING)
def done(request: OfficeRequest) -> HttpResponse:
    """«La mail è stata validata e registrata con successo»."""
    current = _in_force(request)
    if current is None or _under_way(request) is not None:
        return redirect("wizard:resume", request.pharmacy.code)
    new_code_used = current.codes.count() > 1
    letter = current.last_letter
    context = {"certification": current, "current": "mail", "letter": letter, "new_code_used": new_code_used}
    return _page(request, "done", current_step(WizardFacts(certified=True, success_shown=True)), context)


def _after_the_end(request: OfficeRequest) -> HttpResponse:
    """Redirects when no request is pending: a second tab or a double click, just after the certification, to the success."""
    current, now = _in_force(request), now_of(request)
    just_certified = current is not None and _certified_at(current) > now - CODE_USABLE_FOR
    return redirect("wizard:done" if just_certified else "wizard:resume", request.pharmacy.code)


def _certified_at(current: MailCertification) -> datetime:
    assert current.certified_at is not None  # noqa: S101  an address in force is certified
    return current.certified_at


def _under_way(request: OfficeRequest) -> MailCertification | None:
    return request.pharmacy.certifications.pending(now_of(request)).first()


def _in_force(request: OfficeRequest) -> MailCertification | None:
    return request.pharmacy.certifications.current().first()


def _page(request: OfficeRequest, name: str, step: WizardStep, context: Mapping[str, object]) -> HttpResponse:
    frame: dict[str, object] = {
        "pharmacy": request.pharmacy,
        "office": request.office,
        "current": "mail"
        if context.get("certified")
        else "certify",  # «Modifica» belongs to the menu entry of the mail
        "step": step,
        "steps": side_list(step, new_code_used=bool(context.get("new_code_used"))),
    }
    return render(request, f"pharmacies/wizard/{name}.html", {**frame, **context})
