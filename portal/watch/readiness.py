"""The checks of /readyz: whether this machine can do its work, with limits from the settings."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import Error, connection

from pharmacies.register.nightly import age
from portal.database import pooler
from portal.identity.providers import every_alert
from portal.identity.staff import traces
from portal.outbox.models import OutgoingMail, Priority
from portal.system_checks import about_the_pooler
from portal.time import database_clock
from sessions.models import Reminder

BROKER_PATIENCE = 1  # seconds


@dataclass(frozen=True)
class Finding:
    """The result of one check: well or not, and a few words without an address, a name or a password."""

    name: str
    well: bool
    words: str

    def as_json(self) -> dict[str, Any]:
        return {"ok": self.well, "says": self.words}


def oldest_due_letter(now: datetime) -> datetime | None:
    """When the most overdue letter should have left (UTC), or None. Reads one row of the partial index per priority."""
    due = OutgoingMail.objects.due(now).order_by("next_attempt_at").values_list("next_attempt_at", flat=True)
    longest = [due.filter(priority=priority).first() for priority in Priority.values]
    return min((at for at in longest if at is not None), default=None)


def oldest_due_reminder(now: datetime) -> datetime | None:
    """When the most overdue reminder was due (UTC), or None. Reads one row of the partial index."""
    return Reminder.objects.due(now).values_list("due_at", flat=True).first()


def findings(now: datetime) -> list[Finding]:
    """Database, broker, letters, reminders, and the clock when it is astray. Raises nothing."""
    return [*_in_the_database(now), _broker()]


def warnings(now: datetime) -> list[str]:
    """Troubles that do not stop the work yet: the clock's offset, expiring certificates of identity providers, registries that
    do not answer, outdated trust and revocation lists of cards, a pooler of the database that the settings do not suit, a stale
    register of pharmacies, lock-outs and guesses at the staff's door.
    """
    sources: list[Callable[[], list[str]]] = [
        lambda: [f"clock: {database_clock.in_words()}"] if database_clock.is_away() else [],
        lambda: [str(alert) for alert in every_alert(now)],
        lambda: [f"database: {message.msg}" for message in about_the_pooler(pooler.lately())],
        lambda: list(age.warnings(now)),
        lambda: _at_the_door(now),
    ]
    found: list[str] = []
    for source in sources:
        with suppress(
            Error
        ):  # findings() reports that the database is away; behind a forgetful pooler one source fails alone
            found += source()
    return found


def _at_the_door(now: datetime) -> list[str]:
    found = traces.alarms(now)
    words = {
        "{} lock-outs in the last day": found.locks,
        "{} accounts tried from one place in the last hour": found.accounts,
        "one account tried from {} places in the last hour": found.places,
    }
    return [f"staff door: {sentence.format(number)}" for sentence, number in words.items() if number]


def _in_the_database(now: datetime) -> list[Finding]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
        astray = [Finding("clock", False, database_clock.in_words())] if database_clock.is_astray() else []
        return [
            Finding("database", True, "answers"),
            *astray,
            _in_time("letters", oldest_due_letter(now), settings.READY_LETTER_LATE, now),
            _in_time("reminders", oldest_due_reminder(now), settings.READY_REMINDER_LATE, now),
        ]
    except Error as error:
        return [Finding("database", False, f"does not answer ({type(error).__name__})")]


def _in_time(name: str, oldest: datetime | None, limit: timedelta, now: datetime) -> Finding:
    if oldest is None:
        return Finding(name, True, "none is due")
    late = int((now - oldest).total_seconds())
    return Finding(name, late <= limit.total_seconds(), f"due for {late} s, limit {limit.total_seconds():.0f} s")


def _broker() -> Finding:
    url = str(settings.CELERY_BROKER_URL)
    if url.startswith("filesystem"):
        folder = Path(settings.CELERY_BROKER_TRANSPORT_OPTIONS["data_folder_in"])  # type: ignore[arg-type]
        return Finding("broker", folder.is_dir(), "a folder")
    import redis  # here, to keep it out of the memory of every worker

    try:
        with redis.from_url(
            url.replace("redis+socket://", "unix://"),
            socket_connect_timeout=BROKER_PATIENCE, socket_timeout=BROKER_PATIENCE,
        ) as line:  # fmt: skip
            line.ping()
    except (redis.RedisError, OSError, ValueError) as error:
        return Finding("broker", False, f"does not answer ({type(error).__name__})")
    return Finding("broker", True, "answers")
