"""The traces of the staff's door: every attempt is a login record, a count in /metrics and a line of the log.

A record says which account it was meant for, from where and by what (sealed), and how it ended. Repeated refusals of one account
from one place within a minute are one record with a count, and a flood adds to the counts: the table grows by at most
MOST_OF_A_PLACE records a minute for one place and MOST_IN_ALL for all. No record holds a password or a code.
"""

import json
import logging
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q
from django.http import HttpRequest

from portal import measures
from portal.identity.models import LoginRecord, User
from portal.identity.models.login import LoginRecordQuerySet, sealed_document
from portal.identity.session_ends import browser_of
from portal.journal.models import record
from portal.secrets.codes import account_hash, account_in_short, keyed_hash
from portal.web.client_address import client_address
from portal.web.places import place_of

logger = logging.getLogger(__name__)

STAFF = "staff"  # LoginRecord.provider, and the method in portal_logins_total
IN, PASSWORD_RIGHT = "ok", "password-ok"
WRONG_PASSWORD, OLD_PASSWORD, LOCKED = "wrong-password", "old-password", "locked"
WRONG_CODE, CODE_TOO_SOON = "wrong-code", "code-too-soon"
WRONG_PASSKEY = "wrong-passkey"
LOCKED_OUT, CODES_GUESSED, PASSKEY_COPIED = (
    "locked-out",
    "codes-guessed",
    "passkey-copied",
)  # the refusal with which a lock begins: also in the journal
_GRANTED = (IN, PASSWORD_RIGHT)
_ALARMS = {LOCKED_OUT: "staff.locked_out", CODES_GUESSED: "staff.codes_guessed", PASSKEY_COPIED: "staff.passkey_copied"}

CODES_BEFORE_AN_ALARM = 5  # wrong codes in a row after the right password
SAME_FOR = timedelta(minutes=1)
MOST_OF_A_PLACE, MOST_IN_ALL = 20, 300  # records of refusals in SAME_FOR
ALARM_LASTS = timedelta(days=1)
WATCHED_FOR = timedelta(hours=1)
LOOKED_AT = 5000  # records
MANY = 5  # accounts tried from one place, or places from which one account is tried, in WATCHED_FOR


def write(request: HttpRequest, outcome: str, account: str, now: datetime, user: User | None = None) -> None:
    """Writes one attempt. `account` is the username as typed; `user` the account that has it, if there is one.

    The refusal with which a lock begins is also a line of the journal, once.
    """
    place = place_of(client_address(request.META))
    person_hash = account_hash(account)
    place_hash = keyed_hash("login-place", place) if place else ""
    measures.LOGINS.labels(STAFF, outcome).inc()
    level = logging.INFO if outcome in _GRANTED else logging.WARNING
    logger.log(level, "staff login: %s, account %s, from %s", outcome, account_in_short(account), place or "unknown")
    if outcome not in _GRANTED and (earlier := _counted_on(outcome, person_hash, place_hash, now)):
        LoginRecord.objects.filter(pk=earlier).update(times=F("times") + 1)
        return
    agent = browser_of(request.META.get("HTTP_USER_AGENT", ""))
    attempt = {"account": account[:64], "from": client_address(request.META)[:64], "with": agent}
    LoginRecord.objects.create(
        user=user,
        provider=STAFF,
        outcome=outcome,
        at=now,
        person_hash=person_hash,
        place_hash=place_hash,
        sealed_request=sealed_document(json.dumps(attempt, ensure_ascii=False).encode()),
    )
    if verb := _ALARMS.get(outcome):
        record(verb, now=now, subject=user, name=user.username if user else "un nome utente che non esiste")


def _counted_on(outcome: str, person_hash: str, place_hash: str, now: datetime) -> int | None:
    """The key of the record on which this refusal is counted; None when it gets a record of its own."""
    recent = LoginRecord.objects.filter(provider=STAFF, at__gt=now - SAME_FOR).exclude(outcome__in=_GRANTED)
    keys = recent.order_by("-at", "-pk").values_list("pk", flat=True)
    if same := keys.filter(outcome=outcome, person_hash=person_hash, place_hash=place_hash).first():
        return same
    of_place = keys.filter(place_hash=place_hash)
    if len(of_place[:MOST_OF_A_PLACE]) == MOST_OF_A_PLACE:
        return of_place.filter(outcome=outcome).first() or of_place.first()
    return keys.first() if len(keys[:MOST_IN_ALL]) == MOST_IN_ALL else None


@dataclass(frozen=True)
class DoorAlarms:
    """`locks`: lock-outs of the last day. `accounts`: the most accounts tried from one place in the last hour, `places`: the most
    places from which one account was tried; 0 below MANY.
    """

    locks: int = 0
    accounts: int = 0
    places: int = 0


def refusals(now: datetime) -> LoginRecordQuerySet:
    """The records on which alarms() rests: refusals of the last hour, beginnings of locks of the last day."""
    in_the_hour, in_the_day = Q(at__gt=now - WATCHED_FOR), Q(at__gt=now - ALARM_LASTS, outcome__in=_ALARMS)
    return LoginRecord.objects.filter(in_the_hour | in_the_day, provider=STAFF).exclude(outcome__in=_GRANTED)


def alarms(now: datetime) -> DoorAlarms:
    """The alarms for *sicurezza*. One query, of the newest LOOKED_AT records at most."""
    locks, accounts, places = 0, defaultdict(set), defaultdict(set)
    newest = (
        refusals(now).order_by("-at").values_list("at", "outcome", "person_hash", "place_hash", "times")[:LOOKED_AT]
    )
    for at, outcome, account, place, times in newest:
        locks += times if outcome in _ALARMS else 0
        if at > now - WATCHED_FOR and place:
            accounts[place].add(account)
            places[account].add(place)
    return DoorAlarms(locks, _largest(accounts), _largest(places))


def _largest(groups: dict[str, set[str]]) -> int:
    largest = max(map(len, groups.values()), default=0)
    return largest if largest >= MANY else 0
