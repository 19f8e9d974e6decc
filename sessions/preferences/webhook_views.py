"""«Avvisi al gestionale»: connect the gestionale, test it, see the calls, retry them, disconnect it."""

from collections.abc import Mapping

import dns.exception
from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pharmacies.access import CONNECTING_PROGRAMS, OfficeRequest, fresh_holder_required, holder_required
from portal.secrets import shown_once
from portal.time.clock import now_of
from sessions.models import Webhook, WebhookCall
from sessions.preferences import webhook_life
from sessions.webhooks.addresses import UnsuitableAddress, rule

SHOWN = 20  # the newest calls
asks_and_acts = require_http_methods(["GET", "HEAD", "POST"])
no_store = cache_control(no_store=True, private=True)


class WebhookForm(forms.Form):
    """The URL of the gestionale. Validation also resolves its name."""

    indirizzo = forms.CharField(
        label="Indirizzo del gestionale",
        help_text="Te lo dà chi cura il gestionale. Comincia con https:// e si raggiunge da internet.",
        max_length=500,
        error_messages={
            "required": "Scrivi l’indirizzo che ti ha dato chi cura il gestionale",
            "max_length": "L’indirizzo è troppo lungo: al massimo 500 caratteri",
        },
        widget=forms.TextInput(
            attrs={
                "type": "url",
                "inputmode": "url",
                "autocapitalize": "none",
                "spellcheck": "false",
                "autocomplete": "off",
            }
        ),
    )

    def clean_indirizzo(self) -> str:
        typed: str = self.cleaned_data["indirizzo"]
        try:
            rule().target(typed)
        except UnsuitableAddress as refused:
            raise forms.ValidationError(str(refused)) from refused
        except dns.exception.DNSException:
            pass  # the DNS does not reply: each call resolves the name again, and its log entry says when it fails
        return typed


@holder_required(CONNECTING_PROGRAMS)
@require_safe
@no_store
def panel(request: OfficeRequest) -> HttpResponse:
    """Says whether a gestionale is connected, and lists the newest calls."""
    webhook = Webhook.objects.open().filter(pharmacy=request.pharmacy).first()
    calls = WebhookCall.objects.filter(webhook__pharmacy=request.pharmacy).select_related("webhook", "id_sessione")
    newest = Webhook.objects.filter(pharmacy=request.pharmacy).order_by("-opened_at", "-pk").first()
    rested = newest if newest is not None and newest.closed_because else None
    context = {"webhook": webhook, "rested": rested, "calls": calls.order_by("-created_at", "-pk")[:SHOWN]}
    return _page(request, "panel", context)


@fresh_holder_required(CONNECTING_PROGRAMS)
@asks_and_acts
def open_at(request: OfficeRequest) -> HttpResponse:
    """Asks for the URL and opens the webhook; the next page shows the secret once."""
    form = WebhookForm(request.POST or None)
    if form.is_valid():
        webhook, plain = webhook_life.open_at(
            request.pharmacy, form.cleaned_data["indirizzo"], request.user, now_of(request)
        )
        return _show_once(request, webhook, plain)
    return _page(request, "open", {"form": form, "replaces": Webhook.objects.open().filter(pharmacy=request.pharmacy)})


@fresh_holder_required(CONNECTING_PROGRAMS)
@require_http_methods(["GET"])  # not HEAD: it would use up the only time
@no_store
def secret(request: OfficeRequest) -> HttpResponse:
    """Shows the secret once."""
    webhook = _open(request)
    return _page(request, "secret", {"plain": shown_once.take(request, f"webhook:{webhook.pk}", now_of(request))})


@fresh_holder_required(CONNECTING_PROGRAMS)
@asks_and_acts
def renew(request: OfficeRequest) -> HttpResponse:
    """GET says what stops working; POST makes a new secret."""
    webhook = _open(request)
    if request.method != "POST":
        return _page(request, "renew", {"webhook": webhook})
    return _show_once(request, webhook, webhook_life.renew_secret(webhook, request.user, now_of(request)))


@fresh_holder_required(CONNECTING_PROGRAMS)
@asks_and_acts
def close(request: OfficeRequest) -> HttpResponse:
    """GET says what stops working; POST disconnects."""
    webhook = _open(request)
    if request.method != "POST":
        return _page(request, "close", {"webhook": webhook})
    if webhook_life.close(webhook, request.user, now_of(request)):
        messages.success(request, "Gestionale scollegato: non riceve più avvisi.")
    return _back(request)


@holder_required(CONNECTING_PROGRAMS)
@require_POST
def test(request: OfficeRequest) -> HttpResponse:
    """«Prova»: sends an event about no id at once."""
    if webhook_life.send_test(_open(request), now_of(request)):
        messages.success(request, "Prova inviata: tra pochi secondi aggiorna la pagina per vedere la risposta.")
    else:
        messages.warning(
            request,
            _(
                "Altre prove aspettano ancora la risposta, o ne hai già fatte %(many)d nell’ultima ora: riprova più tardi."
            )
            % {"many": webhook_life.TESTS_AN_HOUR},
        )
    return _back(request)


@holder_required(CONNECTING_PROGRAMS)
@require_POST
def retry(request: OfficeRequest, pk: int) -> HttpResponse:
    """«Riprova»: retries a call that was given up."""
    call = get_object_or_404(WebhookCall, pk=pk, webhook__pharmacy=request.pharmacy)
    if webhook_life.retry(call, now_of(request)):
        messages.success(request, "Riproviamo subito: tra pochi secondi aggiorna la pagina.")
    else:
        messages.warning(
            request,
            "Questo avviso non si può ripetere: è già arrivato, non serve più, oppure il gestionale è scollegato.",
        )
    return _back(request)


def _open(request: OfficeRequest) -> Webhook:
    webhook = Webhook.objects.open().filter(pharmacy=request.pharmacy).select_related("pharmacy").first()
    if webhook is None:
        raise Http404
    return webhook


def _show_once(request: OfficeRequest, webhook: Webhook, plain: str) -> HttpResponse:
    shown_once.keep(request, f"webhook:{webhook.pk}", plain, now_of(request))
    return redirect("sessions:webhook_secret", request.pharmacy.code)


def _back(request: OfficeRequest) -> HttpResponse:
    return redirect("sessions:webhook", request.pharmacy.code)


def _page(request: OfficeRequest, name: str, context: Mapping[str, object]) -> HttpResponse:
    frame = {"pharmacy": request.pharmacy, "office": request.office, "current": "reminders"}
    return render(request, f"webhooks/{name}.html", {**frame, **context})
