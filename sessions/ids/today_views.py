"""The answer to «Richiedi gli ID di oggi»."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from pharmacies import site_words
from pharmacies.access import OfficeRequest, ids_required
from portal.templatetags.portale import seconds
from portal.time.clock import moment_in_words, now_of
from portal.values.mail_address import readable
from sessions.ids import issuing, issuing_refused, today
from sessions.ids.today import NotMade, TodayOutcome
from sessions.ids.views import WHY_NOT

HOME = "riepilogo"  # the value of `da` on «Riepilogo», where the answer returns


@ids_required
@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(no_store=True, private=True)
def ask_for_today(request: OfficeRequest) -> HttpResponse:
    """Makes what is missing or about to end, and returns to the cards with what was made, what was not and why."""
    pharmacy = request.pharmacy
    if request.method == "POST":
        outcome = today.request_today(pharmacy, now_of(request), request.user)
        several = len({one.card.utenza.pk for one in outcome.not_made}) > 1
        for sentence in _news(outcome):
            messages.success(request, sentence)
        for one in outcome.not_made:
            messages.warning(request, _problem(one, outcome, request, several=several))
    return redirect("pharmacies:overview" if request.POST.get("da") == HOME else "sessions:manage", pharmacy.code)


def _news(outcome: TodayOutcome) -> list[str]:
    """Says which ids were made and where they arrive; for a double click, that the first click has done it."""
    if outcome.made:
        address = readable(outcome.made[0].id_sessione.letter.recipient)
        kinds = _(" e ").join(dict.fromkeys(one.id_sessione.context.kind_inside for one in outcome.made))
        words = ngettext(
            "ID pronto: %(kinds)s. È in viaggio verso %(address)s.",
            "%(number)s ID pronti: %(kinds)s. Sono in viaggio in un messaggio verso %(address)s.",
            len(outcome.made),
        )
        return [words % {"number": len(outcome.made), "kinds": kinds, "address": address}]
    if outcome.is_repeat:
        at = max(card.newest.row.requested_at for card in outcome.already if card.newest is not None)
        return [_("Li hai già chiesti alle %(at)s: valgono quelli.") % {"at": seconds(at)}]
    return [_("Non mancava nessun ID: valgono quelli che hai già.")] if outcome.already and not outcome.not_made else []


def _problem(one: NotMade, outcome: TodayOutcome, request: OfficeRequest, *, several: bool) -> str:
    """`Ricetta bianca: ` and why no id was made."""
    kind = f"{one.card.kind} ({one.card.utenza.user_id})" if several else one.card.kind
    return _("%(kind)s: non fatto. %(why)s") % {"kind": kind, "why": _why(one, outcome, request)}


def _why(one: NotMade, outcome: TodayOutcome, request: OfficeRequest) -> str:
    now = now_of(request)
    if one.why == today.TOO_MANY:
        again = moment_in_words(outcome.again_at or now, now)
        limit = {"number": issuing.REQUESTS_AN_HOUR, "again": again}
        return _("Nell’ultima ora sono già stati chiesti %(number)s ID: potrai chiederne un altro %(again)s.") % limit
    if one.why == today.CUTS_OFF:
        return _("Un nuovo ID annullerebbe subito quello che stai usando: se lo vuoi, usa «Genera un nuovo ID».")
    return str(site_words.about(WHY_NOT[getattr(issuing_refused, one.why)], request.pharmacy))
