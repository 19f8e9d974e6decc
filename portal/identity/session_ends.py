"""Session limits, for people and staff: SESSION_LASTS_FOR (8 hours) in all, SESSION_IDLE_FOR (30 minutes) without activity."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import BACKEND_SESSION_KEY, logout, update_session_auth_hash
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from portal.identity.models import BrowserSession, PersonSession, StaffSession, User
from portal.secrets.sealing import seal
from portal.time.clock import real_now_of
from portal.time.said_lengths import said
from portal.web.client_address import here, shortened

STAFF_BACKEND = "portal.identity.backends.StaffBackend"
SEEN_EVERY = timedelta(seconds=60)  # limits the writes: one a minute for each session, however many pages
_STARTED, _SEEN = "session_started", "session_seen"
_ROWS: dict[str, type[BrowserSession]] = {"staff_session": StaffSession, "person_session": PersonSession}
_BROWSERS = (
    ("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)  # fmt: skip


class SessionEnds:
    """Middleware: ends sessions beyond either limit, and sets `request.session_ends_at` (UTC).

    SESSION_COOKIE_AGE cannot enforce the limits: Django restarts it at every write of the session.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # no cookie, no session: do not touch request.session, which would add `Vary: Cookie` to the answers for programs
        has_cookie = settings.SESSION_COOKIE_NAME in request.COOKIES
        if has_cookie and BACKEND_SESSION_KEY in request.session:
            _look_at(request)
        return self.get_response(request)


def begin(request: HttpRequest, now: datetime) -> None:
    """Starts both limits of this session: the user has just signed in, or authenticated again."""
    request.session[_STARTED] = request.session[_SEEN] = now.timestamp()


def begin_of_staff(request: HttpRequest, user: User, now: datetime) -> None:
    """Creates the StaffSession row of the session just opened in this browser."""
    request.session.cycle_key()
    key = str(request.session.session_key)
    row = StaffSession.begin(user, key, here(), browser_of(request.META.get("HTTP_USER_AGENT", "")), now)
    begin(request, now)
    request.session["staff_session"] = row.pk


def begin_of_person(request: HttpRequest, user: User, means: str, now: datetime) -> PersonSession:
    """Creates the PersonSession row of the session just opened in this browser. `means`: the digital identity, in words."""
    request.session.cycle_key()
    key, browser = str(request.session.session_key), browser_of(request.META.get("HTTP_USER_AGENT", ""))
    row = PersonSession.begin(user, key, shortened(here()), browser, now, means=means[:60])
    begin(request, now)
    request.session["person_session"] = row.pk
    return row


def keep_only(request: HttpRequest, user: User, now: datetime) -> None:
    """After a password change: keeps the session of this browser under a new key and closes all others of this user."""
    update_session_auth_hash(request, user)
    sessions = StaffSession.objects.filter(user=user)
    sessions.filter(pk=current(request)).update(sealed_key=seal(str(request.session.session_key).encode()))
    sessions.exclude(pk=current(request)).close(now)


def end(request: HttpRequest, now: datetime) -> None:
    """Signs this browser out and closes the row of its session, if there is one."""
    written_as_closed(request, now)
    logout(request)


def written_as_closed(request: HttpRequest, now: datetime) -> None:
    """Marks the row of this browser's session, if any, as closed. The caller deletes the session data."""
    for rows in _rows_of(request):
        rows.filter(closed_at=None).update(closed_at=now)


def started_at(request: HttpRequest) -> float | None:
    """When this session began, in seconds since 1970; None for an anonymous one."""
    stamp: float | None = request.session.get(_STARTED)
    return stamp


def current(request: HttpRequest) -> int:
    """The primary key of this browser's StaffSession or PersonSession; 0 when there is none."""
    return next((int(request.session[name]) for name in _ROWS if name in request.session), 0)


def _rows_of(request: HttpRequest) -> list[QuerySet[BrowserSession]]:
    """The row of this browser's session, as a queryset of its table; empty when there is none."""
    named = [(name, model) for name, model in _ROWS.items() if name in request.session]
    return [model._default_manager.filter(pk=request.session[name]) for name, model in named]


def browser_of(agent: str) -> str:
    """Browser and system for the operator, `Firefox su Windows`; `un programma` when the User-Agent names none we know."""
    browser = next((name for sign, name in _BROWSERS if sign in agent), "un programma")
    system = next((name for sign, name in _SYSTEMS if sign in agent), "")
    return f"{browser} su {system}" if system else browser


def _look_at(request: HttpRequest) -> None:
    now, session = real_now_of(request), request.session
    if _STARTED not in session:  # opened by a release without limits
        begin(request, now)
    started = datetime.fromtimestamp(session[_STARTED], UTC)
    seen = datetime.fromtimestamp(session[_SEEN], UTC)
    last, idle = started + settings.SESSION_LASTS_FOR, seen + settings.SESSION_IDLE_FOR
    if now >= min(last, idle):
        end(request, now)
        length = said("SESSION_IDLE_FOR" if idle <= last else "SESSION_LASTS_FOR")
        why = f"dopo {length} senza attività" if idle <= last else f"dopo {length}"
        messages.warning(request, f"Il collegamento si è chiuso {why}: accedi di nuovo.")
        return
    if not _came_by_itself(request) and now - seen >= SEEN_EVERY:
        idle = now + settings.SESSION_IDLE_FOR
        session[_SEEN] = now.timestamp()
        for rows in _rows_of(request):
            rows.update(seen_at=now)
    request.session_ends_at = min(last, idle)  # type: ignore[attr-defined]
    request.session_end_is_final = last <= idle  # type: ignore[attr-defined]


def _came_by_itself(request: HttpRequest) -> bool:
    """True for an automatic refresh (our JavaScript, or `?auto=60`), which is not activity of the user."""
    return "HTTP_X_FRAMMENTO" in request.META or ("auto" in request.GET and "HTTP_SEC_FETCH_USER" not in request.META)
