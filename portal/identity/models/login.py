"""The pending login, and the sealed record of its request and answer."""

import secrets
import zlib
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import models

from portal.database.row_updates import update_row
from portal.secrets.chain import Chain, Link
from portal.secrets.codes import keyed_hash, same
from portal.secrets.sealing import seal, unseal

ANSWERS_ARE_KEPT_FOR = timedelta(days=731)  # 24 months, never less (SPID, tracciature)
TICKETS_ARE_GOOD_FOR = timedelta(seconds=60)  # from the host of the cards to the portal
ABANDONED_ARE_KEPT_FOR = timedelta(days=1)  # logins begun and never answered


def sealed_document(document: bytes) -> bytes | None:
    """The document, compressed and sealed; None when it is empty."""
    return seal(zlib.compress(document, 9)) if document else None


class LoginTransactionQuerySet(models.QuerySet["LoginTransaction"]):
    def pending(self, now: datetime) -> "LoginTransactionQuerySet":
        return self.filter(consumed_at=None, expires_at__gt=now)

    def consume(self, state: str, browser: str, provider: str, now: datetime) -> "LoginTransaction | None":
        """Consumes and returns the pending login of this answer; None when there is none.

        One conditional UPDATE, so that of parallel replays only one gets the row. State (from the answer), browser secret
        (from the cookie) and provider must all match. The row gives up its sealed session and request; the returned object
        still has them, for the record.
        """
        matching = self.pending(now).filter(
            state_hash=keyed_hash("login-state", state),
            browser_hash=keyed_hash("login-browser", browser),
            provider=provider,
        )
        transaction = matching.first()
        if transaction is None or not matching.filter(pk=transaction.pk).update(
            consumed_at=now, sealed_session=None, sealed_request=None
        ):
            return None
        transaction.consumed_at = now
        return transaction

    def why_not(self, state: str, browser: str, provider: str) -> "tuple[str, LoginTransaction | None]":
        """The refusal code when `consume` found nothing, with the login if it belongs to this browser."""
        login = self.filter(state_hash=keyed_hash("login-state", state), provider=provider).first()
        if login is None:
            return "unsolicited", None
        if not same(login.browser_hash, keyed_hash("login-browser", browser)):
            return "other-browser", None
        return ("replayed" if login.consumed_at else "expired"), login

    def waiting(self, state: str, provider: str, now: datetime) -> "LoginTransaction | None":
        """The pending login with this state, in any browser."""
        return self._waiting(state, provider, now).first()

    def _waiting(self, state: str, provider: str, now: datetime) -> "LoginTransactionQuerySet":
        return self.pending(now).filter(state_hash=keyed_hash("login-state", state), provider=provider)

    def show_card(self, state: str, provider: str, sealed_card: bytes, now: datetime) -> str | None:
        """Stores the sealed card in the pending login with this state; returns its ticket, or None when no login waits.

        A second card replaces the first and invalidates its ticket.
        """
        ticket = secrets.token_urlsafe(32)
        tied = self._waiting(state, provider, now).update(
            ticket_hash=keyed_hash("login-ticket", ticket),
            ticket_expires_at=now + TICKETS_ARE_GOOD_FOR,
            sealed_card=sealed_card,
        )
        return ticket if tied else None

    def forgettable(self, now: datetime) -> "LoginTransactionQuerySet":
        """Expired for a day, and without a record."""
        recorded = LoginRecord.objects.filter(transaction=models.OuterRef("pk"))
        return self.filter(~models.Exists(recorded), expires_at__lte=now - ABANDONED_ARE_KEPT_FOR)


class LoginTransaction(models.Model):
    """A pending login at an identity provider: bound to one browser, single use, valid for LOGIN_PENDING_FOR (10 minutes)."""

    state_hash = models.CharField(max_length=64, unique=True)
    browser_hash = models.CharField(max_length=64)
    place_hash = models.CharField(max_length=64, blank=True, default="", db_default="")  # of the network; "": not known
    provider = models.CharField(max_length=32)
    issuer = models.CharField(max_length=255, blank=True)  # entity that got the request (SAML, OpenID Connect)
    purpose = models.CharField(max_length=3, blank=True, default="", db_default="")  # SPID's Purpose; "": personal use
    # the answer must repeat it
    request_id = models.CharField(max_length=64, null=True, unique=True)
    sealed_request = models.BinaryField(null=True)  # until the record takes it
    sealed_session = models.BinaryField(null=True)  # key of the browser's portal session, until the answer comes
    ticket_hash = models.CharField(max_length=64, blank=True)  # of the ticket from the host of the cards (TS-CNS)
    ticket_expires_at = models.DateTimeField(null=True)
    sealed_card = models.BinaryField(null=True)  # holder of the card, until the ticket comes
    next_url = models.CharField(max_length=500, blank=True)
    started_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    consumed_at = models.DateTimeField(null=True)

    objects = LoginTransactionQuerySet.as_manager()

    class Meta:
        verbose_name = "accesso in corso"
        verbose_name_plural = "accessi in corso"
        indexes = [
            models.Index(fields=["expires_at"], name="login_transaction_expiry"),  # the purge, the brake in all
            models.Index(fields=["place_hash", "-expires_at"], name="login_transaction_place"),  # the brake of a place
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.started_at:%Y-%m-%d %H:%M}"

    def is_of(self, state: str) -> bool:
        """True when the state belongs to this login (constant-time comparison)."""
        return same(self.state_hash, keyed_hash("login-state", state))

    @cached_property
    def exchange(self) -> dict[str, str]:
        """Back-channel requests and answers by name (OpenID Connect), until the record takes them."""
        return {}

    def write_request(self, issuer: str, request_id: str, document: bytes = b"") -> None:
        """Stores the entity that gets the request, the id of the request, and the request itself, sealed."""
        self.issuer, self.request_id, self.sealed_request = issuer, request_id, sealed_document(document)
        self.save(update_fields=["issuer", "request_id", "sealed_request"])

    def take_card(self, ticket: str, now: datetime) -> bytes | None:
        """Returns the sealed card for a valid ticket, once, by one conditional UPDATE; None for an invalid ticket.

        Deletes the card in either case: the login is over.
        """
        own_row = LoginTransaction.objects.filter(pk=self.pk)
        good = own_row.filter(ticket_hash=keyed_hash("login-ticket", ticket), ticket_expires_at__gt=now)
        sealed = good.values_list("sealed_card", flat=True).first()
        taken = update_row(self, good, ticket_hash="", sealed_card=None)
        if not taken:
            update_row(self, own_row, ticket_hash="", sealed_card=None)
        return bytes(sealed) if taken and sealed else None

    @classmethod
    def begin(
        cls,
        provider: str,
        browser: str,
        next_url: str,
        now: datetime,
        session_key: str = "",
        new_state: Callable[[], str] = lambda: secrets.token_hex(32),  # OpenID Connect: letters and digits only
        purpose: str = "",
        place_hash: str = "",
    ) -> tuple["LoginTransaction", str]:
        """Creates the pending login; returns it with the state, of which only a hash is stored."""
        state = new_state()
        transaction = cls.objects.create(
            state_hash=keyed_hash("login-state", state),
            browser_hash=keyed_hash("login-browser", browser),
            place_hash=place_hash,
            provider=provider,
            purpose=purpose,
            next_url=next_url[:500],
            sealed_session=seal(session_key.encode()) if session_key else None,
            started_at=now,
            expires_at=now + settings.LOGIN_PENDING_FOR,
        )
        return transaction, state


class LoginRecordQuerySet(models.QuerySet["LoginRecord"]):
    def of_person(self, fiscal_code: str) -> "LoginRecordQuerySet":
        """The records of this codice fiscale, newest first, found by keyed hash."""
        return self.filter(person_hash=person_hash(fiscal_code)).order_by("-at", "-pk")

    def of_subject(self, subject: str) -> "LoginRecordQuerySet":
        """The records of this subject (SAML: NameQualifier, space, NameID), found by keyed hash."""
        return self.filter(subject_hash=subject_hash(subject))

    def forgettable(self, now: datetime) -> "LoginRecordQuerySet":
        """Older than 24 months."""
        return self.filter(at__lte=now - ANSWERS_ARE_KEPT_FOR)


class LoginRecord(models.Model):
    """Request and answer of one login: sealed, chained, kept for 24 months (SPID, tracciature).

    Also every attempt at the staff's door (provider "staff", no transaction): portal/identity/staff/traces.py.
    """

    transaction = models.ForeignKey(LoginTransaction, models.PROTECT, null=True, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="logins")
    provider = models.CharField(max_length=32)
    purpose = models.CharField(max_length=3, blank=True, default="", db_default="")  # SPID's Purpose; "": personal use
    level = models.PositiveSmallIntegerField(null=True)
    outcome = models.CharField(max_length=40)  # "ok", or the code of the refusal
    at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True)
    issuer = models.CharField(max_length=255, blank=True)  # entity that got the request
    request_id = models.CharField(max_length=64, blank=True)
    answer_id = models.CharField(max_length=255, blank=True)
    assertion_id = models.CharField(max_length=255, blank=True)
    person_hash = models.CharField(
        max_length=64, blank=True
    )  # keyed hash of the codice fiscale; of the staff, of the username
    # keyed hash of the subject, a name that the provider uses for one login only
    subject_hash = models.CharField(max_length=64, blank=True, default="", db_default="")
    place_hash = models.CharField(max_length=64, blank=True, default="", db_default="")  # keyed hash of place_of()
    times = models.PositiveIntegerField(
        default=1, db_default=1
    )  # like attempts in a minute; it grows, so it is not chained
    sealed_request = models.BinaryField(null=True)  # of the staff: account, address and browser, as JSON
    sealed_response = models.BinaryField(null=True)

    objects = LoginRecordQuerySet.as_manager()

    class Meta:
        verbose_name = "accesso"
        verbose_name_plural = "accessi"
        indexes = [
            models.Index(fields=["user", "-at"], name="login_record_of_user"),
            models.Index(fields=["at"], name="login_record_at"),
            models.Index(  # the search of the staff
                fields=["person_hash", "-at"], condition=~models.Q(person_hash=""), name="login_record_of_person"
            ),
            models.Index(fields=["-at"], condition=models.Q(provider="staff"), name="login_record_of_staff"),
            models.Index(fields=["subject_hash"], condition=~models.Q(subject_hash=""), name="login_record_of_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.outcome} {self.at:%Y-%m-%d %H:%M}"

    @property
    def request(self) -> bytes:
        """The request as it was sent (SAML: the signed URL, or the signed document of a form); empty when there was none.

        Raises SealBroken.
        """
        return _opened(self.sealed_request)

    @property
    def response(self) -> bytes:
        """The answer as received; empty when there was none. Raises SealBroken."""
        return _opened(self.sealed_response)

    @property
    def keep_until(self) -> datetime:
        """The end of its retention (UTC)."""
        return self.at + ANSWERS_ARE_KEPT_FOR


class LoginLink(Link):
    """The place of one record in the chain of the logins."""

    class Meta:
        verbose_name = "anello degli accessi"
        verbose_name_plural = "anelli degli accessi"


def person_hash(fiscal_code: str) -> str:
    return keyed_hash("login-person", fiscal_code)


def subject_hash(subject: str) -> str:
    return keyed_hash("login-subject", subject)


def _opened(sealed: bytes | memoryview | None) -> bytes:
    return zlib.decompress(unseal(sealed)) if sealed else b""


def _facts(record: LoginRecord) -> dict[str, Any]:
    names = (
        "pk",
        "transaction_id",
        "user_id",
        "provider",
        "level",
        "outcome",
        "at",
        "asked_at",
        "issuer",
        "request_id",
    )
    more = ("answer_id", "assertion_id", "person_hash", "sealed_request", "sealed_response")
    # rows chained before these columns have none
    later_names = tuple(name for name in ("subject_hash", "purpose", "place_hash") if getattr(record, name))
    return {name: getattr(record, name) for name in (*names, *more, *later_names)}


LOGINS = Chain("logins", LoginRecord, LoginLink, _facts, lambda record: record.keep_until)
