"""One instant per request, UTC inside the portal, Italian time on pages and in letters."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse

from portal.time import database_clock

ROME = ZoneInfo("Europe/Rome")
_DAYS = ("lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica")
_MONTHS = (
    "gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno",
    "luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre",
)  # fmt: skip


# the longest wait for a lock, plus the offset between the clocks of two machines
_WAITED_AT_MOST = timedelta(minutes=2)


class NowMiddleware:
    """Sets `request.now` and `request.real_now` (UTC) on every request, so that a page works with one instant."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.now = database_clock.now()  # type: ignore[attr-defined]
        request.real_now = database_clock.real_of(now_of(request))  # type: ignore[attr-defined]
        return self.get_response(request)


def now_of(request: HttpRequest) -> datetime:
    """The instant of this request (UTC)."""
    now: datetime = request.now  # type: ignore[attr-defined]
    return now


def real_now_of(request: HttpRequest) -> datetime:
    """The real instant of this request (UTC), whatever people moved the portal's clock to: for logins and sessions."""
    real: datetime = getattr(request, "real_now", None) or database_clock.real_of(now_of(request))
    return real


def not_before(now: datetime, *facts: datetime | None) -> datetime:
    """The latest of `now` and those `facts` that are at most two minutes ahead of it (UTC).

    A request takes `now` when it arrives; a row written while it waited for a lock may have a later instant. A fact further
    ahead has another cause and is ignored.
    """
    return max([now, *(fact for fact in facts if fact is not None and fact - now <= _WAITED_AT_MOST)])


def italian_time(at: datetime) -> str:
    """`14:32`, Italian time; `02:30 (ora legale)` in the hour that exists twice when summer time ends."""
    return _hour(at.astimezone(ROME))


def italian_moment(at: datetime) -> str:
    """`00:35 di martedì 24 novembre 2026`, Italian time."""
    local = at.astimezone(ROME)
    return f"{_hour(local)} di {_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]} {local.year}"


def moment_beside(at: datetime, other: datetime) -> str:
    """As italian_moment, but only the time when `other`, which stands beside it, is on the same Italian day."""
    is_same_day = at.astimezone(ROME).date() == other.astimezone(ROME).date()
    return italian_time(at) if is_same_day else italian_moment(at)


def hour_seen_from(at: datetime, now: datetime) -> str:
    """`17:21` today, `09:30 di martedì` on another day, Italian time: for a line that has no room for a date."""
    local = at.astimezone(ROME)
    is_today = local.date() == now.astimezone(ROME).date()
    return _hour(local) if is_today else f"{_hour(local)} di {_DAYS[local.weekday()]}"


def italian_date_time(at: datetime) -> str:
    """`23 novembre 2026, ore 10:44`, Italian time."""
    local = at.astimezone(ROME)
    return f"{local.day} {_MONTHS[local.month - 1]} {local.year}, ore {_hour(local)}"


def relative_moment(at: datetime, now: datetime) -> str:
    """`oggi 14:51`, `domani 00:31`, `ieri 08:20`, else `23/11 08:20`, Italian time."""
    local, today = at.astimezone(ROME), now.astimezone(ROME).date()
    days = (local.date() - today).days
    word = {0: "oggi", 1: "domani", -1: "ieri"}.get(
        days, f"{local:%d/%m}" if local.year == today.year else f"{local:%d/%m/%Y}"
    )
    return f"{word} {local:%H:%M}"


def moment_in_words(at: datetime, now: datetime) -> str:
    """`oggi alle 18:30`, `domani alle 09:00`, else `mercoledì 25 novembre alle 09:00`, Italian time."""
    local, today = at.astimezone(ROME), now.astimezone(ROME).date()
    word = {0: "oggi", 1: "domani"}.get((local.date() - today).days)
    return f"{word or day_in_words(local.date())} alle {_hour(local)}"


def day_in_words(day: date) -> str:
    """`lunedì 23 novembre`."""
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]}"


def date_in_words(day: date) -> str:
    """`lunedì 23 novembre 2026`."""
    return f"{day_in_words(day)} {day.year}"


def relative_day(day: date, now: datetime) -> str:
    """`oggi`, `domani`, else `lunedì 23 novembre`; with the year when it is another one."""
    today = now.astimezone(ROME).date()
    far = day_in_words(day) if day.year == today.year else date_in_words(day)
    return {0: "oggi", 1: "domani"}.get((day - today).days, far)


def _hour(local: datetime) -> str:
    """`02:30`; with the name of the time when the clock shows this hour twice. `local` is in ROME."""
    if local.replace(fold=0).utcoffset() == local.replace(fold=1).utcoffset():
        return f"{local:%H:%M}"
    return f"{local:%H:%M} ({'ora legale' if local.dst() else 'ora solare'})"


def in_words(length: timedelta) -> str:
    """`9 h 26 min`, `42 min`, `meno di un minuto`; from 48 hours on, whole days. Ignores the sign."""
    minutes = int(abs(length).total_seconds() // 60)
    if minutes < 1:
        return "meno di un minuto"
    hours, minutes = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24} giorni"
    return f"{hours} h {minutes} min" if hours and minutes else f"{hours} h" if hours else f"{minutes} min"


def day_start(now: datetime) -> datetime:
    """Midnight of today in Italy, as UTC."""
    return now.astimezone(ROME).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
