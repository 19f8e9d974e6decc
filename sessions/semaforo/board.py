"""Reads what the screen at the counter shows, in one query written by hand: the ORM would cost more than the whole page."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pharmacies.models import Pharmacy
from pharmacies.models.office import MAY_CERTIFY
from portal.time.clock import ROME, italian_time, moment_in_words
from sessions.models import Context, SemaforoLink
from sessions.models.id_sessione import EXPIRING_WITHIN

IN_USE_FOR = timedelta(days=30)  # an utenza without a request for so long does not darken a light
WRITTEN_EVERY = timedelta(hours=1)  # the last use of an address
REFRESHED_EVERY, SOONEST = 60, 10  # seconds

_HOLDERS = ", ".join(f"'{role}'" for role in sorted(MAY_CERTIFY))
# The link must be open, its certified address in force, a holder there or gone for less than SUCCESSION_FOR, the pharmacy open:
# SemaforoLinkQuerySet.working and Pharmacy.is_open. An id counts as IdSessioneQuerySet.live says; tests compare them.
_READ = f"""
select l.id, l.used_at, p.name, p.type, c.id, c.short_name, c.title, c.contesto, c.applicazione, a.id, s.utenza_id, s.until
from pharmacy_sessions_semaforolink l
join pharmacies_pharmacy p on p.id = l.pharmacy_id
join pharmacies_mailcertification m on m.id = l.certification_id
left join pharmacy_sessions_context c on c.applicazione <> 'PRESCRITTORE'
left join pharmacy_sessions_askablecontext a on a.context_id = c.id and a.type = p.type and not c.closed_to_new
left join (
    select i.context_id, i.utenza_id, max(
        case when i.expires_at > %(now)s and i.revoked_at is null and n.revoked_at is null then i.expires_at end
    ) as until
    from pharmacy_sessions_idsessione i
    join pharmacies_utenza u on u.id = i.utenza_id and u.pharmacy_id = i.pharmacy_id
    join pharmacies_mailcertification n on n.id = i.certification_id
    where i.pharmacy_id = (select pharmacy_id from pharmacy_sessions_semaforolink where digest = %(digest)s)
    and i.requested_at > %(used_since)s and u.disabled_at is null and u.blocked_at is null
    group by i.context_id, i.utenza_id
) s on s.context_id = c.id
where l.digest = %(digest)s and l.closed_at is null and m.revoked_at is null
and (p.closed_on is null or p.closed_on > %(today)s)
and (exists (select 1 from pharmacies_office o where o.pharmacy_id = p.id and o.role in ({_HOLDERS})
        and o.since <= %(now)s and (o.until is null or o.until > %(left_since)s))
    or not exists (select 1 from pharmacies_office o where o.pharmacy_id = p.id and o.role in ({_HOLDERS})
        and o.since <= %(now)s))
order by c.id, s.utenza_id
"""  # noqa: S608  the roles are our own constants


@dataclass(frozen=True)
class Light:
    """One kind of prescription: `ends` holds the end (UTC) of each utenza in use, None where it has no live id."""

    name: str
    ends: tuple[datetime | None, ...]
    now: datetime

    @cached_property
    def until(self) -> datetime | None:
        """When the first of the live ids ends (UTC); None without any."""
        return min((end for end in self.ends if end is not None), default=None)

    @property
    def missing(self) -> int:
        """How many utenze in use have no live id."""
        return self.ends.count(None)

    @cached_property
    def kind(self) -> str:
        """Colour and icon: `ok`, `warn`, `bad`; `off` for a kind that the pharmacy has not asked for lately."""
        if not self.ends:
            return "off"
        if self.until is None:
            return "bad"
        return "warn" if self.missing or self.until - self.now <= EXPIRING_WITHIN else "ok"

    @property
    def word(self) -> str:
        if self.kind == "warn" and self.missing:
            return _("Valido in parte")
        return {"ok": _("Valido"), "warn": _("In scadenza"), "bad": _("Manca"), "off": _("Nessun ID")}[self.kind]

    @property
    def until_when(self) -> str:
        """`fino alle 17:21`, `fino a domani alle 00:58`; only with live ids."""
        at = self.until or self.now
        if at.astimezone(ROME).date() == self.now.astimezone(ROME).date():
            return _("fino alle %(time)s") % {"time": italian_time(at)}
        return _("fino a %(moment)s") % {"moment": moment_in_words(at, self.now)}

    @property
    def note(self) -> str:
        """A sentence for what the word leaves out; empty when there is nothing to add."""
        if self.kind == "bad":
            return _("Nessun ID SESSIONE è valido: chiedilo sul portale o dal gestionale.")
        if self.kind == "warn" and self.missing:
            words = ngettext("Manca a %(number)d utenza.", "Manca a %(number)d utenze.", self.missing)
            return words % {"number": self.missing}
        return ""


@dataclass(frozen=True)
class Board:
    """All that the page shows of one pharmacy."""

    name: str
    lights: list[Light]
    now: datetime

    @property
    def refresh(self) -> int:
        """After how many seconds the page asks again: at the next change of a light, REFRESHED_EVERY at most."""
        ends = [light.until for light in self.lights if light.until is not None]
        changes = [at for end in ends for at in (end - EXPIRING_WITHIN, end) if at > self.now]
        left = min((int((at - self.now).total_seconds()) + 1 for at in changes), default=REFRESHED_EVERY)
        return min(max(left, SOONEST), REFRESHED_EVERY)


def read(token_digest: bytes, now: datetime) -> Board | None:
    """The board behind the address with this SHA-256 digest; None when the address is unknown, closed or ended.

    One query; one write more when the last use was written more than WRITTEN_EVERY ago.
    """
    instant = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.execute(
            _READ,
            {
                "now": instant(now),
                "digest": token_digest,
                "used_since": instant(now - IN_USE_FOR),
                "left_since": instant(now - settings.SUCCESSION_FOR),
                "today": connection.ops.adapt_datefield_value(now.astimezone(ROME).date()),
            },
        )
        rows = cursor.fetchall()
    if not rows:
        return None
    link, used_at, name, site_type = rows[0][:4]
    used_at = _utc(used_at)
    if used_at is None or now - used_at >= WRITTEN_EVERY:
        SemaforoLink.objects.filter(pk=link).update(used_at=now)
    return Board(Pharmacy(name=name, type=site_type).display_name, _lights(rows, now), now)


def _lights(rows: list[tuple[Any, ...]], now: datetime) -> list[Light]:
    """One light for each kind of prescription that the site may ask for or has a live id of, those in use first. Contexts with
    the same words (Context.kind) are one kind: an utenza with a live id in any of them has that kind.
    """
    ends: dict[str, dict[int, list[datetime]]] = {}  # by kind and utenza
    for *_link, context, short_name, title, contesto, applicazione, askable, utenza, until in rows:
        if context is None:
            continue
        kind = Context(short_name=short_name, title=title, contesto=contesto, applicazione=applicazione).kind
        if askable is not None or until is not None:
            ends.setdefault(kind, {})
        if kind in ends and utenza is not None:
            of_utenza = ends[kind].setdefault(utenza, [])
            of_utenza += [end] if (end := _utc(until)) is not None else []
    lights = [
        Light(kind, tuple(max(found, default=None) for found in utenze.values()), now) for kind, utenze in ends.items()
    ]
    return sorted(lights, key=lambda light: light.kind == "off")


def _utc(value: datetime | str | None) -> datetime | None:
    """An instant of the database: SQLite returns text without an offset."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)
