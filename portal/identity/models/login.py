"""The login that waits for its answer, and the record of what was answered."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models

from portal.codes import keyed_hash, same
from portal.sealing import seal

ANSWERS_ARE_KEPT_FOR = timedelta(days=731)  # 24 months, never less (SPID, tracciature)
STRANGERS_ARE_KEPT_FOR = timedelta(days=30)  # answers that nobody had asked for
ABANDONED_ARE_KEPT_FOR = timedelta(days=1)  # logins begun and never answered


class LoginTransactionQuerySet(models.QuerySet["LoginTransaction"]):
    def pending(self, now: datetime) -> "LoginTransactionQuerySet":
        return self.filter(consumed_at=None, expires_at__gt=now)

    def consume(self, state: str, browser: str, provider: str, now: datetime) -> "LoginTransaction | None":
        """The pending login that this answer belongs to, taken once; None when there is none.

        One conditional UPDATE: of parallel replays only one gets the row. The state comes back with the answer, the
        browser secret with the cookie; both must be the ones that `start` handed out, to the same provider.
        """
        mine = self.pending(now).filter(
            state_hash=keyed_hash("login-state", state),
            browser_hash=keyed_hash("login-browser", browser),
            provider=provider,
        )
        transaction = mine.first()
        if transaction is None or not mine.filter(pk=transaction.pk).update(consumed_at=now, sealed_session=None):
            return None
        transaction.consumed_at = now
        return transaction

    def why_not(self, state: str, browser: str, provider: str) -> "tuple[str, LoginTransaction | None]":
        """Why `consume` found nothing: the code of the refusal, and the login itself when it belongs to this browser."""
        asked = self.filter(state_hash=keyed_hash("login-state", state), provider=provider).first()
        if asked is None:
            return "unsolicited", None
        if not same(asked.browser_hash, keyed_hash("login-browser", browser)):
            return "other-browser", None
        return ("replayed" if asked.consumed_at else "expired"), asked

    def forgettable(self, now: datetime) -> "LoginTransactionQuerySet":
        """Over since a day, and behind no record."""
        recorded = LoginRecord.objects.filter(transaction=models.OuterRef("pk"))
        return self.filter(~models.Exists(recorded), expires_at__lte=now - ABANDONED_ARE_KEPT_FOR)


class LoginTransaction(models.Model):
    """One login under way at an identity provider: bound to a browser, used once, good for ten minutes."""

    state_hash = models.CharField(max_length=64, unique=True)
    browser_hash = models.CharField(max_length=64)
    provider = models.CharField(max_length=32)
    issuer = models.CharField(max_length=255, blank=True)  # the entity that was asked (SAML)
    request_id = models.CharField(
        max_length=64, null=True, unique=True
    )  # of the question, which the answer must repeat
    sealed_session = models.BinaryField(null=True)  # the browser's session of the portal, until the answer comes
    next_url = models.CharField(max_length=500, blank=True)
    started_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    consumed_at = models.DateTimeField(null=True)

    objects = LoginTransactionQuerySet.as_manager()

    class Meta:
        verbose_name = "accesso in corso"
        verbose_name_plural = "accessi in corso"
        indexes = [models.Index(fields=["expires_at"], name="login_transaction_expiry")]  # the purge

    def __str__(self) -> str:
        return f"{self.provider} {self.started_at:%Y-%m-%d %H:%M}"

    def is_of(self, state: str) -> bool:
        """True when this is the login that handed out the state (compared in constant time)."""
        return same(self.state_hash, keyed_hash("login-state", state))

    def ask(self, issuer: str, request_id: str) -> None:
        """Writes down who was asked, and the number of the question."""
        self.issuer, self.request_id = issuer, request_id
        self.save(update_fields=["issuer", "request_id"])

    @classmethod
    def begin(
        cls,
        provider: str,
        browser: str,
        next_url: str,
        now: datetime,
        session_key: str = "",
        new_state: Callable[[], str] = lambda: secrets.token_urlsafe(32),
    ) -> tuple["LoginTransaction", str]:
        """Writes the pending login; returns it with the state, which is kept only as a hash."""
        state = new_state()
        transaction = cls.objects.create(
            state_hash=keyed_hash("login-state", state),
            browser_hash=keyed_hash("login-browser", browser),
            provider=provider,
            next_url=next_url[:500],
            sealed_session=seal(session_key.encode()) if session_key else None,
            started_at=now,
            expires_at=now + settings.LOGIN_PENDING_FOR,
        )
        return transaction, state


class LoginRecordQuerySet(models.QuerySet["LoginRecord"]):
    def forgettable(self, now: datetime) -> "LoginRecordQuerySet":
        """Older than 24 months; a month for answers that nobody had asked for."""
        strangers = models.Q(transaction=None, user=None, at__lte=now - STRANGERS_ARE_KEPT_FOR)
        return self.filter(strangers | models.Q(at__lte=now - ANSWERS_ARE_KEPT_FOR))


class LoginRecord(models.Model):
    """What an identity provider answered: kept 24 months (SPID, tracciature). Never the attributes beyond the person.

    The staff's logins are here too (provider "staff", no transaction).
    """

    transaction = models.ForeignKey(LoginTransaction, models.PROTECT, null=True, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="logins")
    provider = models.CharField(max_length=32)
    level = models.PositiveSmallIntegerField(null=True)
    outcome = models.CharField(max_length=40)  # "ok", or the code of the refusal
    at = models.DateTimeField()

    objects = LoginRecordQuerySet.as_manager()

    class Meta:
        verbose_name = "accesso"
        verbose_name_plural = "accessi"
        indexes = [
            models.Index(fields=["user", "-at"], name="login_record_of_user"),
            models.Index(fields=["at"], name="login_record_at"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.outcome} {self.at:%Y-%m-%d %H:%M}"
