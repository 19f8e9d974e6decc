"""Fills the demonstration with invented pharmacies and people, certified addresses, and ids in every state.

It sends nothing: its letters count as delivered. The timetable sends the reminders of the live ids when they are due.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from django.db import connection, transaction
from django.db.models import Model

from pharmacies.codes import parafarmacia_code
from pharmacies.models import MailCertification, Pharmacy, Utenza
from pharmacies.register.importing import import_register
from portal.database.claims import hold
from portal.demo import public_users
from portal.demo.models import DemoSeed
from portal.demo.seed import hours
from portal.demo.seed.a2f import open_test_users
from portal.demo.seed.addresses import SeededAddresses, line
from portal.demo.seed.ids import (
    Ledger,
    Life,
    every_morning,
    expired_today,
    expiring,
    in_use_since_now,
    lives,
    reminded_soon,
    undelivered,
)
from portal.demo.seed.people import (
    AL_REDENTORE,
    DOLOMITI,
    NAMED,
    SAN_MARCO,
    SANITAL,
    SANTA_CHIARA,
    SANTA_LUCIA,
    TELVE,
    VALSUGANA,
    enrol_the_staff,
    open_utenze,
    seat_the_named,
    seat_the_others,
)
from portal.identity.models import User
from portal.journal.models import Entry
from portal.outbox.models import OutgoingMail
from portal.time.clock import ROME
from sessions.models import Context, IdSessione, ReminderSettings

DATA = Path(__file__).parent / "data"
REGISTER, PARAFARMACIE = DATA / "register.csv", DATA / "parafarmacie.csv"
ANNAS_LEAD_TIMES = [120, 30]  # minutes
CONTEXTS = (
    ("RICETTA-DEM", "EROGATORE", "Ricetta elettronica SSN"),
    WHITE := ("RICETTA-BIANCA", "EROGATORE", "Ricetta bianca elettronica"),
)
UNCERTIFIED = frozenset({AL_REDENTORE, VALSUGANA})
NAMED_LIVES: dict[str, tuple[Life, ...]] = {
    SAN_MARCO: (every_morning, in_use_since_now),
    DOLOMITI: (every_morning, expiring),
    SANTA_CHIARA: (every_morning, undelivered),
    SANTA_LUCIA: (every_morning, reminded_soon),
    TELVE: (expired_today,),
    SANITAL: (every_morning, in_use_since_now),
}


# a database whose tables of these models are empty has never been used
IN_USE: tuple[type[Model], ...] = (User, Pharmacy, Utenza, IdSessione, OutgoingMail)


@dataclass(frozen=True)
class Seeded:
    """The number of rows after seeding."""

    pharmacies: int
    certified: int
    ids: int


class NotOurs(Exception):
    """Il database contiene già dei dati e non li ha scritti la dimostrazione: non vi aggiungo operatori con una password che tutti
    conoscono. Usa un database vuoto, oppure togli DATABASE_URL per avere quello incorporato.
    """


def is_seeded() -> bool:
    """True when the seed filled this database."""
    return DemoSeed.objects.exists()


def must_be_ours() -> None:
    """Raises NotOurs when the database has data that the seed did not write.

    Five operators with a published password must never appear beside real people. Works before `migrate` too; read-only.
    """
    tables = set(connection.introspection.table_names())
    if DemoSeed._meta.db_table in tables and is_seeded():
        return
    for model in IN_USE:
        if model._meta.db_table in tables and model._default_manager.values("pk").exists():
            raise NotOurs


@transaction.atomic
def seed(now: datetime) -> Seeded:
    """Seeds an unused database, from the register to today's ids. Raises NotOurs."""
    must_be_ours()
    DemoSeed.objects.create(at=now)
    chance = Random(2026)
    for register in (REGISTER, PARAFARMACIE):
        import_register(register, now)
    pharmacies = _invented_and_open(now)
    others = [one for one in pharmacies.values() if one.code not in NAMED and not one.is_parafarmacia]
    acting = seat_the_named(pharmacies, now) | seat_the_others(others, chance, now)
    utenze = open_utenze([one for one in pharmacies.values() if one.code in acting], acting, now)
    utenze[others[6].code].disabled_at = now - timedelta(days=3)
    utenze[others[6].code].save()
    open_test_users(pharmacies[TELVE], now)
    enrol_the_staff()
    _certify(pharmacies, others, acting, chance, now)
    _choose_reminders(pharmacies[SAN_MARCO], acting[SAN_MARCO], now)
    _give_ids(chance, now, with_past=True)
    hours.set_hours_and_nights(pharmacies, others, acting, now)
    hours.connect_gestionali(pharmacies, acting, now)
    return _count()


@transaction.atomic
def refresh(now: datetime) -> Seeded:
    """Gives the certified pharmacies new ids of an ordinary day; earlier ids stay as history."""
    pharmacies = _invented_and_open(now)
    hold(
        Utenza.objects.filter(pharmacy__code__in=pharmacies)
    )  # before the ids: docs/architecture.md, the order of locks
    hold(ReminderSettings.objects.filter(pharmacy__code__in=pharmacies))
    invented = IdSessione.objects.filter(pharmacy__code__in=pharmacies).in_place().order_by("pk")
    for row in invented:
        over = row.expires_at <= now
        facts = {"closed_at": now} if over else {"revoked_at": now}
        IdSessione.objects.filter(pk=row.pk).update(sealed=None, **facts)
    open_test_users(Pharmacy.objects.get(code=TELVE), now)
    enrol_the_staff()
    _give_ids(Random(now.timestamp()), now, with_past=False)
    hours.plan_again(now)
    return _count()


def _invented_and_open(now: datetime) -> dict[str, Pharmacy]:
    """Returns the open pharmacies and parafarmacie of the demonstration's two registers, by code."""
    numbers = [text.split(";", 1)[0] for text in REGISTER.read_text(encoding="utf-8").splitlines()[1:]]
    sites = [text.split(";", 1)[0] for text in PARAFARMACIE.read_text(encoding="utf-8").splitlines()[1:]]
    codes = {*numbers, *map(parafarmacia_code, sites)}
    day = now.astimezone(ROME).date()
    rows = Pharmacy.objects.open_on(day).filter(code__in=codes).order_by("code")
    return {pharmacy.code: pharmacy for pharmacy in rows}


def _certify(
    pharmacies: dict[str, Pharmacy], others: list[Pharmacy], acting: dict[str, User], chance: Random, now: datetime
) -> None:
    """Certifies an address for two in three of the others; some changed it, and some of the rest revoked theirs."""
    addresses = SeededAddresses(acting, chance, now)
    for code in sorted(NAMED - UNCERTIFIED):
        addresses.certify(pharmacies[code], changed=code == SANTA_LUCIA)
    for number, pharmacy in enumerate(others):
        if number % 3 < 2:
            addresses.certify(pharmacy, changed=number % 9 == 4)
        elif number % 5 == 0:
            addresses.certify(pharmacy, revoked=True)
    addresses.save()


def _choose_reminders(pharmacy: Pharmacy, by: User, now: datetime) -> None:
    """Anna chose two reminders before the expiry and a notice after it."""
    ReminderSettings.objects.create(pharmacy=pharmacy, minutes_before=ANNAS_LEAD_TIMES, tell_when_expired=True)
    words = f"{', '.join(map(str, ANNAS_LEAD_TIMES))} minuti prima della scadenza e a ID scaduto"
    Entry.objects.bulk_create([line("reminders.chosen", now - timedelta(days=20), by, pharmacy, minutes=words)])


def _give_ids(chance: Random, now: datetime, *, with_past: bool) -> None:
    for contesto, applicazione, title in CONTEXTS:
        Context.objects.get_or_create(contesto=contesto, applicazione=applicazione, defaults={"title": title})
    usual, white = Context.objects.usual(), Context.objects.get(contesto=WHITE[0], applicazione=WHITE[1])
    ledgers = {kind: Ledger(white if kind == Pharmacy.Type.PARAFARMACIA else usual, now) for kind in Pharmacy.Type}
    certified = MailCertification.objects.current().filter(pharmacy__code__in=_invented_and_open(now))
    rows = list(certified.select_related("pharmacy", "certified_by").order_by("pharmacy__code"))
    gestionali = Utenza.objects.filter(pharmacy__isnull=False).exclude(user_id__in=public_users.USERS)
    utenze = {utenza.pharmacy_id: utenza for utenza in gestionali}
    shared_out = iter(lives(len(rows), chance))
    for number, row in enumerate(rows):
        code = row.pharmacy.code
        life = NAMED_LIVES.get(code, (next(shared_out),))
        parts = [part for part in life if with_past or part is not every_morning]
        drafts = [draft for part in parts for draft in part(chance, now)]
        by = row.certified_by if code in NAMED or number % 4 == 0 else None
        ledger = ledgers[Pharmacy.Type(row.pharmacy.type)]
        ledger.live(drafts, utenze[row.pharmacy_id], row, by, ReminderSettings.objects.of(row.pharmacy).lead_times)
    for ledger in ledgers.values():
        ledger.save()


def _count() -> Seeded:
    return Seeded(
        Pharmacy.objects.count(), MailCertification.objects.current().count(), IdSessione.objects.count()
    )  # fmt: skip
