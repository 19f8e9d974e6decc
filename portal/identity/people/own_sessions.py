"""«I miei accessi»: a person reads where they are signed in, closes a session or all, chooses the letters about new browsers."""

from datetime import datetime
from typing import cast

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_POST, require_safe

from portal.identity import session_ends
from portal.identity.access import person_required
from portal.identity.models import PersonSession, User
from portal.identity.models.browser_session import BrowserSessionQuerySet
from portal.journal.models import record
from portal.time.clock import real_now_of, relative_moment

PAST = 10  # closed sessions on the page


@person_required
@require_safe
def own_sessions(request: HttpRequest) -> HttpResponse:
    """Lists the person's sessions, the open ones first."""
    person, now = _person(request), real_now_of(request)
    sessions = PersonSession.objects.filter(user=person).order_by("-seen_at")
    open_ones = list(sessions.open(now))
    context = {
        "sessions": open_ones,
        "this": session_ends.current(request),
        "past": sessions.exclude(pk__in=[session.pk for session in open_ones])[:PAST],
        "past_for": PersonSession.KEPT_FOR.days,
        "wants_letters": person.wants_login_letters,
        "real_now": now,
    }
    return render(request, "identity/own_sessions.html", context)


@person_required
@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """«Chiudi»: ends one of the person's own sessions. For this browser it is the same as «Esci»."""
    row = get_object_or_404(PersonSession, pk=pk, user=_person(request))
    if row.pk == session_ends.current(request):
        session_ends.end(request, real_now_of(request))
        return redirect("identity:sign_out")
    if _closed(request, PersonSession.objects.filter(pk=row.pk)):
        messages.success(request, gettext("Accesso chiuso: da quel browser ora serve entrare di nuovo."))
    return redirect("identity:own_sessions")


@person_required
@require_POST
def close_all(request: HttpRequest) -> HttpResponse:
    """«Esci da tutti»: ends every session of the person, that of this browser too."""
    _closed(request, PersonSession.objects.filter(user=_person(request)))
    session_ends.end(request, real_now_of(request))
    return redirect("identity:sign_out")


@person_required
@require_POST
def choose_letters(request: HttpRequest) -> HttpResponse:
    """Whether a login from a browser never seen is told to the pharmacies' addresses."""
    wanted = request.POST.get("avvisi") == "1"
    User.objects.filter(pk=_person(request).pk).update(wants_login_letters=wanted)
    said = gettext("Ti avviseremo degli accessi da un browser nuovo.") if wanted else gettext("Non ti avviseremo più.")
    messages.success(request, said)
    return redirect("identity:own_sessions")


def say_last_access(request: HttpRequest, session: PersonSession, now: datetime) -> None:
    """Shows on the next page when the person came in before, with what and from which browser; nothing at the first login."""
    before = PersonSession.objects.filter(user=session.user_id).exclude(pk=session.pk).order_by("-started_at").first()
    if before is None:
        return
    said = gettext("Ultimo accesso: %(when)s, con %(means)s, da %(browser)s.") % {
        "when": relative_moment(before.started_at, now),
        "means": before.means or gettext("identità digitale"),
        "browser": before.browser,
    }
    link = '{} <a href="{}">{}</a>'
    messages.info(request, format_html(link, said, reverse("identity:own_sessions"), gettext("Non eri tu?")))


def _closed(request: HttpRequest, sessions: BrowserSessionQuerySet[PersonSession]) -> int:
    """Closes these sessions; the journal says how many were open."""
    now, person = real_now_of(request), _person(request)
    with transaction.atomic():
        number = sessions.close(now)
        if number:
            closed = ngettext("%(number)s accesso", "%(number)s accessi", number) % {"number": number}
            record("person.sessions_closed", now=now, actor=person, subject=person, closed=closed)
    return number


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)
