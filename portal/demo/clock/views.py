"""The pages of /prova/orologio/: the next events, the consequences of a step, the step, and an ordinary day again."""

from collections.abc import Callable
from datetime import UTC, datetime

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from portal.demo.clock import moving
from portal.demo.clock.coming import EXPIRY, REMINDER, STEPS, Coming, Consequences
from portal.demo.seed import seeding
from portal.identity.access import staff_required
from portal.time.clock import italian_moment, now_of, real_now_of
from portal.time.moved import moved

View = Callable[[HttpRequest], HttpResponse]


def _for_who_may(view: View) -> View:
    """In the demonstration anybody; in a test environment, which several software houses share, an administrator of all of Italy."""
    guarded = staff_required("amministrazione", whole_nation=True)(view)

    def chosen(request: HttpRequest) -> HttpResponse:
        return view(request) if settings.DEMO else guarded(request)

    return never_cache(chosen)


@_for_who_may
@require_safe
def clock(request: HttpRequest) -> HttpResponse:
    """The hour of the portal and the next events; with `?avanti=`, what this step would do and the button that does it."""
    now, way = now_of(request), request.GET.get("avanti", "")
    coming = Coming.after(now)
    context = {
        "coming": coming, "ahead": moved(), "real_now": real_now_of(request), "steps": STEPS,
        "ways": {"reminder": REMINDER, "expiry": EXPIRY}, "invented": settings.DEMO,
    }  # fmt: skip
    target = coming.target(way, now)
    if target is None:
        return render(request, "demo/clock.html", context)
    step = {"target": target, "step": target - now, "happens": Consequences.of(now, target)}
    return render(request, "demo/clock_step.html", {**context, **step})


@require_POST
def _forward(request: HttpRequest) -> HttpResponse:
    target = _instant(request.POST.get("fino", ""))
    if target is None:
        return redirect("demo:clock")
    actor = request.user if request.user.is_authenticated else None
    try:
        moving.forward_to(target, actor)
    except moving.CannotMove as refusal:
        messages.warning(request, str(refusal.__doc__))
    else:
        messages.success(request, _("Fatto: per il portale sono le %(now)s.") % {"now": italian_moment(target)})
    return redirect("demo:clock")


@require_POST
def again(request: HttpRequest) -> HttpResponse:
    """«Ricomincia»: gives the invented pharmacies the ids of an ordinary day, at the present hour of the portal."""
    seeding.refresh(now_of(request))
    messages.success(request, _("Fatto: le farmacie inventate hanno gli ID SESSIONE di una giornata qualunque."))
    return redirect("demo:clock")


forward = _for_who_may(_forward)


def _instant(text: str) -> datetime | None:
    """The instant (UTC) of a form, written as ISO 8601 with its zone; None when it is none."""
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None
