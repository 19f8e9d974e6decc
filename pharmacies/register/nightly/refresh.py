"""Refreshes the registers that are due, one worker at a time, and writes down what happened.

A lease in the row (RegisterSource) keeps a second worker away. A worker that is killed leaves its lease, which ends by itself, and
the part of the file that it received, with which the next try goes on.
"""

import logging
from datetime import datetime
from typing import Any

from pharmacies.files.lock import ImportUnderWay
from pharmacies.models import NationalRegister, RegisterSource
from pharmacies.models.register_source import NightOutcome
from pharmacies.register.nightly import schedule
from pharmacies.register.nightly.attempt import OF_A_TASK, Attempt, Limits, Voice, attempted, last_whole
from pharmacies.register.nightly.sources import RegisterAddress, configured
from portal.database.claims import claim

log = logging.getLogger(__name__)


def refresh_due(now: datetime) -> None:
    """Refreshes the configured register that is due longest, unless another worker does; the next round takes the next one."""
    sources = {source.register: source for source in configured()}
    for register in sources:
        _row_of(register, now)
    lease = now + OF_A_TASK.lease
    for row in claim(RegisterSource.objects.due(now).filter(register__in=sources), 1, leased_until=lease):
        attempt = _tried(row, sources[NationalRegister(row.register)], now, lease, OF_A_TASK, Voice())
        level = logging.INFO if attempt.outcome in RegisterSource.WENT_WELL else logging.ERROR
        log.log(level, "the refresh of the register of the %s: %s", row.register, attempt.detail)


def leased_until(register: NationalRegister) -> datetime | None:
    """When the lease of the worker that refreshes this register ends (UTC); None when nobody does."""
    return RegisterSource.objects.filter(register=register).values_list("leased_until", flat=True).first()


def refresh_now(source: RegisterAddress, now: datetime, limits: Limits, voice: Voice) -> Attempt:
    """As refresh_due, for a command: at once, also when it is not due. Raises ImportUnderWay when a worker is refreshing it."""
    row = _row_of(source.register, now)
    lease = now + limits.lease
    for taken in claim(RegisterSource.objects.free(now).filter(pk=row.pk), 1, leased_until=lease):
        return _tried(taken, source, now, lease, limits, voice)
    raise ImportUnderWay


def rehearse(source: RegisterAddress, now: datetime, limits: Limits, voice: Voice) -> Attempt:
    """As refresh_now, and changes nothing: takes no lease, keeps no file, only counts. Raises what refresh_now raises."""
    row = RegisterSource.objects.filter(register=source.register).first() or RegisterSource(register=source.register)
    return attempted(row, source, now, limits, voice, dry_run=True)


def _row_of(register: NationalRegister, now: datetime) -> RegisterSource:
    """The row of a register; a new one is due at once when the portal has nothing of this register, else in the next night."""
    row = RegisterSource.objects.filter(register=register).first()
    if row is None:
        first = now if last_whole(register) is None else schedule.next_night(now)
        row, _ = RegisterSource.objects.get_or_create(register=register, defaults={"next_check_at": first})
    return row


def _tried(
    row: RegisterSource, source: RegisterAddress, now: datetime, lease: datetime, limits: Limits, voice: Voice
) -> Attempt:
    """One try of the holder of the lease. The time of the next one is written before it begins, in case it is killed."""
    attempts = schedule.attempt_number(row.attempts, row.checked_at, now)
    again = schedule.next_try(now, attempts, has_register=last_whole(source.register) is not None)
    own = RegisterSource.objects.filter(pk=row.pk, leased_until=lease)
    own.update(attempts=attempts, next_check_at=again, checked_at=now)
    try:
        attempt = attempted(row, source, now, limits, voice, dry_run=False)
    except BaseException:  # Ctrl-C
        own.update(leased_until=None)
        raise
    own.update(**_facts(row, attempt, now))
    return attempt


def _facts(row: RegisterSource, attempt: Attempt, now: datetime) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "leased_until": None, "outcome": attempt.outcome, "flaw": attempt.flaw, "status": attempt.status,
        "detail": attempt.detail[:300],
    }  # fmt: skip
    if attempt.outcome == NightOutcome.BUSY:
        return facts
    if attempt.outcome in RegisterSource.WENT_WELL:
        facts |= {"attempts": 0, "failing_since": None, "next_check_at": schedule.next_night(now)}
    else:
        facts["failing_since"] = row.failing_since or now
    if attempt.digest:
        facts |= {"file": attempt.file, "digest": attempt.digest, "file_url": "", "etag": "", "last_modified": ""}
        if attempt.outcome in RegisterSource.WENT_WELL and _fits(attempt):
            headers = attempt.validators
            facts |= {"file_url": attempt.url, "etag": headers.etag, "last_modified": headers.last_modified}
    return facts


def _fits(attempt: Attempt) -> bool:
    """True when address and validators fit in their columns: a cut validator would describe another file."""
    columns = {
        "file_url": attempt.url,
        "etag": attempt.validators.etag,
        "last_modified": attempt.validators.last_modified,
    }
    return all(
        len(text) <= getattr(RegisterSource._meta.get_field(name), "max_length", 0) for name, text in columns.items()
    )
