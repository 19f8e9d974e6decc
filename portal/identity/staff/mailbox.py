"""An operator's e-mail address: named, confirmed by a code, and told what happens to the operator's access.

`now` is real time (UTC), as at every door; the letters carry the portal's time, which a demonstration may move.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from portal.database.claims import hold
from portal.identity.models import StaffSession, User
from portal.identity.models.staff_mailbox import (
    CODE_DIGITS,
    CODE_GOOD_FOR,
    SENDS,
    SENDS_IN,
    StaffMailbox,
)
from portal.identity.session_ends import browser_of
from portal.journal.models import record
from portal.outbox.letters import Envelope, post
from portal.outbox.models import OutgoingMail
from portal.secrets.codes import new_code
from portal.secrets.masking import mask_address
from portal.time import database_clock
from portal.web.places import place_of

NEWS_USEFUL_FOR = timedelta(days=2)
FAMILIAR_FOR = timedelta(days=30)  # how long the place of a complete login stays familiar


class MailboxSendsRefused(Exception):
    """No further code may be sent before `until` (UTC)."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


def of(user: User) -> StaffMailbox | None:
    """The operator's row; None when no address was ever named."""
    return StaffMailbox.objects.filter(user=user).first()


def is_confirmed(user: User) -> bool:
    return StaffMailbox.objects.filter(user=user, confirmed_at__isnull=False).exists()


@transaction.atomic
def name(user: User, address: str, now: datetime) -> StaffMailbox:
    """Sends a code to this address. The confirmed address keeps getting the news until the code is typed. Raises MailboxSendsRefused."""
    row = _held(user)
    if row.sends_from is None or now >= row.sends_from + SENDS_IN:
        row.sends, row.sends_from = 0, now
    if row.sends >= SENDS:
        raise MailboxSendsRefused(row.sends_from + SENDS_IN)
    code = new_code(CODE_DIGITS)
    row.pending, row.code_until, row.wrong, row.sends = address, now + CODE_GOOD_FOR, 0, row.sends + 1
    row.code_hash = row.hash_of(code)
    row.save()
    portal_now = database_clock.now()
    envelope = Envelope(OutgoingMail.Kind.CODE, "", portal_now, give_up_at=portal_now + CODE_GOOD_FOR, secret=True)
    context = {"user": user, "code": code, "expires_at": portal_now + CODE_GOOD_FOR}
    post(envelope, address, "staff_mailbox_code", context)
    return row


@transaction.atomic
def confirm(user: User, code: str, now: datetime) -> bool:
    """Confirms the pending address; tells the earlier one. False for a wrong or expired code; a wrong one counts."""
    row = _held(user)
    if not row.waits_for_code(now):
        return False
    if not row.is_code(code):
        row.wrong += 1
        row.save(update_fields=["wrong"])
        return False
    if row.confirmed_at is not None and row.address != row.pending:
        words = _("Gli avvisi sul tuo accesso vanno da ora a un altro indirizzo: %(address)s.")
        _tell(row, _("Un altro indirizzo per i tuoi avvisi"), words % {"address": mask_address(row.pending)}, now)
    row.address, row.confirmed_at, row.pending, row.code_hash, row.code_until = row.pending, now, "", "", None
    row.save()
    record(
        "staff.mailbox_confirmed",
        now=now,
        actor=user,
        subject=user,
        name=user.username,
        address=mask_address(row.address),
    )
    return True


def tell(user: User, title: str, words: str, now: datetime) -> None:
    """Posts the news to the operator's confirmed address, if there is one. Inside the transaction of its cause."""
    row = of(user)
    if row is not None and row.confirmed_at is not None:
        _tell(row, title, words, now)


def tell_of_a_new_place(user: User, origin: str, agent: str, now: datetime) -> None:
    """Tells of a login from a place without a complete login in the last FAMILIAR_FOR. Called before the session is written.

    The very first login of an account is no news.
    """
    earlier = StaffSession.objects.filter(user=user)
    if not earlier.exists() or is_familiar(user.username, place_of(origin), now):
        return
    words = _("Qualcuno è entrato con la tua password e il tuo secondo fattore da %(browser)s, rete %(origin)s.")
    tell(user, _("Accesso da un luogo nuovo"), words % {"browser": browser_of(agent), "origin": origin}, now)


def is_familiar(username: str, place: str, now: datetime) -> bool:
    """True when this operator completed a login from this place in the last 30 days. The same query runs for an unknown
    username.
    """
    known = StaffSession.objects.filter(user__username=username, started_at__gt=now - FAMILIAR_FOR)
    return place in {place_of(origin) for origin in known.values_list("origin", flat=True).distinct() if origin}


def _tell(row: StaffMailbox, title: str, words: str, now: datetime) -> None:
    portal_now = database_clock.now()
    envelope = Envelope(OutgoingMail.Kind.NOTICE, "", portal_now, give_up_at=portal_now + NEWS_USEFUL_FOR)
    context = {"user": row.user, "title": title, "words": words, "at": now}
    post(envelope, row.address, "staff_news", context)


def _held(user: User) -> StaffMailbox:
    """The operator's row, created at the first address, locked until the transaction ends."""
    hold(User.objects.filter(pk=user.pk))  # lock order: account before mailbox
    row, _is_new = StaffMailbox.objects.select_for_update(no_key=True).get_or_create(user=user)
    return row
