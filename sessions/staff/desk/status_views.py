"""«Stato delle sessioni»: counters, chart, one row per pharmacy, most urgent first."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.identity.access import staff_of, staff_required
from portal.identity.roles import StaffRole
from portal.templatetags.portale import thousands
from portal.time.clock import now_of
from portal.web.live import fragment, is_fragment
from sessions.ids.cards import EXPIRING_WITHIN
from sessions.staff import looks
from sessions.staff.desk import chart
from sessions.staff.desk.filters import StatusFilter
from sessions.staff.lists import search
from sessions.staff.lists.counters import HOURS_AHEAD, StatusCounts, counts_for
from sessions.staff.lists.follow import Follow
from sessions.staff.lists.how_many import NOUNS, HowMany
from sessions.staff.lists.missing import mending, missing_lines
from sessions.staff.lists.pharmacy_listing import Key, Listing, StatusPage
from sessions.staff.lists.selection import (
    ALL,
    BLOCKED,
    EXPIRED,
    EXPIRING,
    LIVE,
    UNDELIVERED,
    Certification,
    PharmacySelection,
)

# folded into «Altri filtri» until one is set; a wide screen shows them at once (stato.css)
MORE = ("certificazione", "regione", "asl", "provincia", "tipo", "consegna", "fornitore")
PLACES = ("regione", "provincia", "asl")
REFRESH = range(5, 3601)  # seconds that ?auto= accepts
SEARCH_IS_OVER = (
    "Questa ricerca non c’è più: era di un altro accesso, o ne sono seguite altre dieci. Scrivila di nuovo."
)


@staff_required
@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """The page; with X-Frammento only its changing part, with an ETag: 304 when nothing changed."""
    if search.is_personal(request.GET.get("cerca", "")):
        return redirect(_address(StatusFilter(request.GET, staff_of(request)).query(), request))
    now = now_of(request)
    form, selection = chosen(request)
    counts, listing = counts_for(selection, now), Listing(selection, now)
    follow = Follow(selection, now, on_duty=bool(counts.expired_on_duty))
    page = _page(listing, request, follow.keys)
    if not request.GET:  # a fresh visit: whoever answers the telephone types at once
        form.fields["cerca"].widget.attrs["autofocus"] = True
    query = query_of(request, form)
    context = {
        "form": form,
        "selection": selection,
        "in_all_states": _in_all_states(selection, now) if not page.rows else "",
        "page": page,
        "query": urlencode(query),
        "all_states": urlencode({**query, "stato": ALL}),
        "counters": _counters(counts, query, selection.state, selection.certification),
        "how_many": how_many(listing, counts, page).words(*NOUNS[selection.register]),
        "hours_ahead": HOURS_AHEAD,
        "wide": chart.draw(counts.by_hour, now, width=690, height=210, hours_a_bar=1, label_every=3),
        "narrow": chart.draw(counts.by_hour, now, width=330, height=210, hours_a_bar=2, label_every=2),
        "follow": follow.things(page.ids),
        "missing": missing_lines(selection, now),
        "mending": mending(selection) if StaffRole.ANAGRAFICA in staff_of(request).roles else None,
        "filtered": bool(query),
        "more_filters": any(request.GET.get(name) for name in MORE),  # an invalid value too: its error must show
        "may_act": StaffRole.SICUREZZA in staff_of(request).roles,
        "may_resend": StaffRole.ASSISTENZA in staff_of(request).roles,
    }
    if is_fragment(request):
        return fragment(request, "staff/status_live.html", context)
    return auto_refresh(request, "staff/status.html", context)


@staff_required
@require_POST
def look_for(request: HttpRequest) -> HttpResponse:
    """Redirects a search to a URL that can be bookmarked, without the words that no URL may hold (see lists/search.py)."""
    form = StatusFilter(request.POST, staff_of(request))
    if not form.is_valid():
        wrong = {name: request.POST.get(name, "")[:200] for name in form.errors if name != "cerca"}
        if "cerca" in form.errors:
            return render(request, "staff/search_refused.html", {"form": form}, status=400)
        return redirect(f"{reverse('staff:status')}?{urlencode(form.query() | wrong)}")
    return redirect(_address(form.query(), request))


def chosen(request: HttpRequest) -> tuple[StatusFilter, PharmacySelection]:
    """The form and the selection of this URL. Words kept in the session appear in the form again."""
    name, data = request.GET.get("chiave", ""), request.GET.copy()
    if name:
        data["cerca"] = search.words_of(request, name)
    form = StatusFilter(data, staff_of(request))
    form.is_valid()
    if name and not data["cerca"]:
        form.add_error("cerca", SEARCH_IS_OVER)
    return form, form.selection()


def query_of(request: HttpRequest, form: StatusFilter) -> dict[str, str]:
    """The filters that are set, for links to other pages of the same selection: never the words kept in the session."""
    query, name = form.query(), request.GET.get("chiave", "")
    if name and query.pop("cerca", ""):
        query["chiave"] = name
    return query


def address_of(request: HttpRequest) -> str:
    """The status page with the filters of this URL."""
    query = request.GET.urlencode()
    return f"{reverse('staff:status')}?{query}" if query else reverse("staff:status")


def _address(query: dict[str, str], request: HttpRequest) -> str:
    words = query.get("cerca", "")
    if search.is_personal(words):
        looks.searched(request, words)
        query = {**query, "chiave": search.keep(request, words)}
        del query["cerca"]
    return f"{reverse('staff:status')}?{urlencode(query)}" if query else reverse("staff:status")


def _auto(request: HttpRequest) -> int:
    text = request.GET.get("auto", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 and int(text) in REFRESH else 0


def _page(listing: Listing, request: HttpRequest, also: list[int]) -> StatusPage:
    """The page after or before the key in the URL; the first page without a key, or when the key no longer exists."""
    after, before = Key.read(request.GET.get("dopo", "")), Key.read(request.GET.get("prima", ""))
    page = listing.page(after, None if after else before, also=also)
    return page if page.rows or not after else listing.page(also=also)


def auto_refresh(request: HttpRequest, template: str, context: dict[str, Any], *, while_: bool = True) -> HttpResponse:
    """Renders the whole page; with `?auto=60` it reloads itself every 60 seconds, as long as `while_` holds."""
    seconds = _auto(request)
    response = render(request, template, {**context, "auto": seconds})
    if seconds and while_:
        response["Refresh"] = str(seconds)
    return response


def _in_all_states(selection: PharmacySelection, now: datetime) -> str:
    """How many a search of one state would find among all pharmacies: `3 farmacie`; "" when it found none there either."""
    if not selection.words or selection.state == ALL or selection.delivery:
        return ""
    number = Listing(replace(selection, state=ALL), now).how_many()
    return number.words(*NOUNS[selection.register]) if number.number else ""


def how_many(listing: Listing, counts: StatusCounts, page: StatusPage) -> HowMany:
    """How many pharmacies the list has: from the page when it shows them all, from the counters when they know, else counted."""
    if not (page.after or page.before):
        return HowMany(len(page.rows))
    number = counts.found_by(listing.wanted)
    return listing.how_many() if number is None else HowMany(number)


def _counters(counts: StatusCounts, query: dict[str, str], state: str, certification: str) -> list[dict[str, object]]:
    """The tiles; each links to the list of the pharmacies that it counts, in the same place."""
    total = f"su {thousands(counts.pharmacies)} {'farmacia' if counts.pharmacies == 1 else 'farmacie'}"
    tonight = f"{counts.expired_on_duty} di turno stanotte" if counts.expired_on_duty else "oggi"
    soon = _("entro %(minutes)d minuti") % {"minutes": EXPIRING_WITHIN // timedelta(minutes=1)}
    never = {"stato": ALL, "certificazione": Certification.NEVER.value}
    tiles = (
        ("Attive", counts.live, total, "ok", "it-check-circle", {"stato": LIVE}),
        ("In scadenza", counts.expiring, soon, "warn", "it-clock", {"stato": EXPIRING}),
        ("Scadute", counts.expired, tonight, "bad", "it-ban", {"stato": EXPIRED}),
        ("Non consegnate", counts.undelivered, "da richiamare", "bad", "it-error", {"stato": UNDELIVERED}),
        ("Mai certificate", counts.never_certified, "nessun indirizzo", "off", "it-mail", never),
        ("Bloccate", counts.blocked, "con un’utenza bloccata", "off", "it-lock", {"stato": BLOCKED}),
    )
    place = {name: query[name] for name in PLACES if name in query}
    now = {"stato": state, **({"certificazione": certification} if certification else {})}
    return [
        {
            "word": word, "number": number, "hint": hint, "kind": kind, "icon": icon, "chosen": asks == now,
            "url": f"{reverse('staff:status')}?{urlencode({**asks, **place})}",
        }
        for word, number, hint, kind, icon, asks in tiles
    ]  # fmt: skip
