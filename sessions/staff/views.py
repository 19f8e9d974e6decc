"""The pages of the staff. They never see an id, a code or a whole address."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from pharmacies.models import Pharmacy, Utenza
from portal.clock import ROME, now_of
from portal.identity.access import staff_of, staff_required
from portal.templatetags.portale import seconds, thousands
from sessions import issuing
from sessions.models import IdSessione
from sessions.staff import chart, record
from sessions.staff import status as selections
from sessions.staff.forms import EXPIRED, EXPIRING, LIVE, NEVER, UNDELIVERED, WITHOUT, StatusFilter
from sessions.views import WHY_NOT

ROWS_A_PAGE = 25


@staff_required
@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """«Stato delle sessioni»: counters, drawing, one row per pharmacy, most urgent first."""
    now = now_of(request)
    form = StatusFilter(request.GET)
    counts = selections.counts(now)
    page = Paginator(selections.Listing(form, now), ROWS_A_PAGE).get_page(request.GET.get("pagina"))
    return render(
        request,
        "staff/status.html",
        {
            "form": form,
            "counters": _counters(
                counts, form.value("stato"), Pharmacy.objects.open_on(now.astimezone(ROME).date()).count()
            ),
            "wide": chart.draw(counts.by_hour, now, width=690, height=210, hours_a_bar=1, label_every=3),
            "narrow": chart.draw(counts.by_hour, now, width=330, height=210, hours_a_bar=2, label_every=2),
            "most_urgent": selections.most_urgent(now, at_most=3),
            "anomalies": Utenza.objects.blocked_by_anomaly()[:3],
            "page_obj": page,
            "by_name": form.value("stato") in (WITHOUT, NEVER),
            "filtered": any(form.value(name) for name in form.fields),
        },
    )


@staff_required
@require_safe
def pharmacy(request: HttpRequest, code: str) -> HttpResponse:
    """Everything the staff may know of one pharmacy."""
    found = get_object_or_404(Pharmacy.objects.visible_to(staff_of(request)), code=code)
    return render(request, "staff/pharmacy.html", record.of(found, now_of(request)))


@staff_required("assistenza")
@require_http_methods(["GET", "HEAD", "POST"])
def resend(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """«Invia di nuovo»: says what will happen, then posts the same id again. The staff never see it."""
    now, found = now_of(request), get_object_or_404(Pharmacy.objects.visible_to(staff_of(request)), code=code)
    newest = get_object_or_404(found.ids.with_facts().defer(*selections.UNREAD), pk=pk)
    if not newest.is_live(now):
        messages.warning(request, f"L’ID …{newest.last4} non è più valido: non si può inviare di nuovo.")
        return redirect("staff:pharmacy", code)
    if request.method == "POST":
        _post_again(request, newest)
        return redirect("staff:pharmacy", code)
    refusal = issuing.obstacle(newest.utenza, now)
    context = {
        "pharmacy": found,
        "newest": newest,
        "obstacle": next((words for kind, words in WHY_NOT.items() if kind.__name__ == refusal), ""),
        "certification": found.certifications.current().first(),
    }
    return render(request, "staff/resend.html", context)


def _post_again(request: HttpRequest, newest: IdSessione) -> None:
    now, actor = now_of(request), staff_of(request)
    try:
        sent = issuing.resend(newest, actor, now)
    except issuing.IssuingRefused as refusal:
        messages.error(request, WHY_NOT[type(refusal)])
        return
    wait = issuing.next_send_at(newest.pharmacy, now) if newest.pharmacy else None
    if sent:
        messages.success(request, f"L’ID …{newest.last4} è di nuovo in viaggio verso l’indirizzo certificato.")
    elif wait:
        messages.warning(request, f"Un messaggio è appena partito: potrai inviare di nuovo dalle {seconds(wait)}.")
    else:
        messages.error(request, f"L’ID …{newest.last4} non è più valido: non si può inviare di nuovo.")


def _counters(counts: selections.Counts, chosen: str, pharmacies: int) -> list[dict[str, object]]:
    tiles = (
        (
            "Attive",
            counts.live,
            f"su {thousands(pharmacies)} {'farmacia' if pharmacies == 1 else 'farmacie'}",
            "ok",
            "it-check-circle",
            LIVE,
        ),
        ("In scadenza", counts.expiring, "entro 60 minuti", "warn", "it-clock", EXPIRING),
        ("Scadute", counts.expired, "oggi", "bad", "it-ban", EXPIRED),
        ("Non consegnate", counts.undelivered, "da richiamare", "bad", "it-error", UNDELIVERED),
    )
    return [
        {
            "word": word, "number": number, "hint": hint, "kind": kind, "icon": icon,
            "url": f"{reverse('staff:status')}?stato={state}", "chosen": state == chosen,
        }
        for word, number, hint, kind, icon, state in tiles
    ]  # fmt: skip
