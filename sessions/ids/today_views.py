"""The answer to «Richiedi gli ID di oggi»: the codes of today, ready to copy."""

from dataclasses import dataclass, field

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from pharmacies import site_words
from pharmacies.access import OfficeRequest, ids_required
from portal.templatetags.portale import seconds
from portal.time.clock import moment_in_words, now_of
from portal.values.mail_address import readable
from sessions.ids import issuing, issuing_refused, revealing, today
from sessions.ids.board import board_of
from sessions.ids.cards import IdCard
from sessions.ids.today import NotMade, TodayOutcome
from sessions.ids.views import WHY_NOT


@dataclass(frozen=True)
class ShownCode:
    """An id in clear, for the answer to a POST."""

    card: IdCard
    plain: str = field(repr=False)


@ids_required
@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(no_store=True, private=True)
def ask_for_today(request: OfficeRequest) -> HttpResponse:
    """Makes what is missing or about to end, then shows the newest id of each kind: only in the answer to a POST."""
    pharmacy, now = request.pharmacy, now_of(request)
    if request.method != "POST":
        return redirect("sessions:manage", pharmacy.code)
    outcome = today.request_today(pharmacy, now, request.user)
    board = board_of(pharmacy, now)
    newest = [card.newest for card in board.cards if card.newest is not None]
    codes = [ShownCode(card, plain) for card in newest if (plain := revealing.reveal(card.row, request.user, now))]
    context = {
        "pharmacy": pharmacy, "office": request.office, "current": "ids", "codes": codes,
        "several_utenze": board.several_utenze, "news": _news(outcome),
        "problems": [_problem(one, outcome, request, several=board.several_utenze) for one in outcome.not_made],
    }  # fmt: skip
    return render(request, "sessions/today.html", context)


def _news(outcome: TodayOutcome) -> list[str]:
    """What was made and where it arrives; for a double click, that the first click has done it."""
    if outcome.made:
        address = readable(outcome.made[0].id_sessione.letter.recipient)
        kinds = _(" e ").join(dict.fromkeys(one.id_sessione.context.kind_inside for one in outcome.made))
        words = ngettext(
            "Appena fatto: %(kinds)s. È in viaggio anche verso %(address)s.",
            "Appena fatti %(number)s ID: %(kinds)s. Sono in viaggio anche verso %(address)s, in un messaggio solo.",
            len(outcome.made),
        )
        return [words % {"number": len(outcome.made), "kinds": kinds, "address": address}]
    if outcome.is_repeat:
        at = max(card.newest.row.requested_at for card in outcome.already if card.newest is not None)
        return [_("Li hai già chiesti alle %(at)s: valgono questi.") % {"at": seconds(at)}]
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
