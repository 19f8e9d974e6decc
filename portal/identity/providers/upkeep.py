"""The upkeep of a provider: its alerts, the entities it has loaded, and the result of a refresh."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from portal.identity.models import RegistryReading

CERTIFICATE_ENDS_WITHIN = timedelta(days=30)


class NotTaken(Exception):
    """The refresh was refused and changed nothing; `str()` gives the reason."""


class NotByHand(Exception):
    """This provider takes no document from an operator."""


@dataclass(frozen=True)
class Alert:
    """One thing that an operator must do. `urgent`: people are locked out, or let in wrongly, already."""

    door: str
    about: str
    words: str
    urgent: bool = False

    def __str__(self) -> str:
        return f"{self.door}: {self.about}: {self.words}"


@dataclass(frozen=True)
class LoadedEntity:
    """One identity provider in use. `good_until` (UTC): the end of its last certificate, or of its chain of trust."""

    entity_id: str
    name: str
    good_until: datetime
    works: bool
    certificates: int | None = None  # None: a chain of trust, which has none


@dataclass
class Taken:
    """The entities that a refresh changed. `left_out`: each unusable entity, with the reason."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    valid_until: datetime | None = None  # the end that the document gives itself


def write_reading(door: str, source: str, now: datetime, result: Taken | NotTaken) -> None:
    """Writes one row for each reading of a registry or of a chain of trust; the alerts look at the newest."""
    reading = RegistryReading(door=door, at=now, source=source[:300])
    if isinstance(result, NotTaken):
        reading.refused_because = str(result)[:300]
    else:
        reading.valid_until = result.valid_until
        reading.providers = len(result.added) + len(result.changed) + len(result.unchanged)
    reading.save()


def alert_of_end(door: str, about: str, end: datetime, now: datetime) -> Iterator[Alert]:
    """An alert when `end` is past (urgent) or within 30 days."""
    if end <= now:
        yield Alert(door, about, f"expired on {end:%Y-%m-%d}", urgent=True)
    elif end <= now + CERTIFICATE_ENDS_WITHIN:
        yield Alert(door, about, f"expires on {end:%Y-%m-%d}, in {(end - now).days} days")


def alert_of_last_reading(door: str, about: str, registry: str) -> Iterator[Alert]:
    """An alert when the newest reading of this registry was refused."""
    newest = RegistryReading.objects.newest(registry)
    if newest is not None and newest.refused_because:
        yield Alert(door, about, f"the last reading was not taken: {newest.refused_because}")
