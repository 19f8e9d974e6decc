"""The second factor of the staff: TOTP, throttled after wrong codes."""

import base64
import os
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django_otp.models import Device, ThrottlingMixin, TimestampMixin
from django_otp.oath import TOTP

from portal.database.claims import hold
from portal.identity.models.person import User
from portal.secrets.sealing import seal, unseal

SECRET_BYTES = 20  # 160 bits, RFC 4226
STEP, DIGITS, CLOCKS_DIFFER_BY_STEPS = 30, 6, 1  # seconds, digits, steps


class StaffTotp(TimestampMixin, ThrottlingMixin, Device):
    """A TOTP app: the secret is sealed at rest and the throttle is capped (django-otp's own device does neither)."""

    LONGEST_WAIT = timedelta(minutes=15)

    sealed_secret = models.BinaryField()
    last_t = models.BigIntegerField(default=-1)  # last time step used, so that a code works once

    class Meta:
        verbose_name = "app di autenticazione"
        verbose_name_plural = "app di autenticazione"

    @classmethod
    def enrol(cls, user: User, secret: bytes | None = None) -> "tuple[StaffTotp, str]":
        """Creates a confirmed app; returns it with its otpauth URL, to be shown once and never stored."""
        secret = secret or os.urandom(SECRET_BYTES)
        device = cls.objects.create(user=user, name="app", sealed_secret=seal(secret))
        return device, otpauth_url(user.username, secret)

    @classmethod
    def waiting_for(cls, user: User) -> "StaffTotp":
        """The unconfirmed app of the user, created on first use and kept until it is confirmed."""
        pending: StaffTotp | None = cls.objects.filter(user=user, confirmed=False).order_by("pk").first()
        return pending or cls.objects.create(
            user=user, name="app", confirmed=False, sealed_secret=seal(os.urandom(SECRET_BYTES))
        )

    @property
    def otpauth(self) -> str:
        """The otpauth URL, which holds the secret: only for the enrolment page."""
        return otpauth_url(self.user.username, unseal(self.sealed_secret))

    def get_throttle_factor(self) -> int:
        """django-otp's factor 1: waits of 1, 2, 4, 8... seconds after wrong codes."""
        return 1

    def verify_is_allowed(self) -> tuple[bool, dict[str, Any] | None]:
        """As django-otp's, with waits of at most 15 minutes: uncapped, 20 wrong codes lock for 6 days."""
        allowed, reason = super().verify_is_allowed()
        if allowed or self.throttling_failure_timestamp is None:
            return allowed, reason
        end = self.throttling_failure_timestamp + self.LONGEST_WAIT
        if timezone.now() >= end:
            return True, None
        return False, {**reason, "locked_until": min(reason["locked_until"], end)}

    def locked_until(self) -> datetime | None:
        """The end of the throttle (UTC); None when a code may be tried now."""
        allowed, reason = self.verify_is_allowed()
        return None if allowed or reason is None else reason["locked_until"]

    def verify_token(self, token: str) -> bool:
        """True for the current code, once; a wrong code doubles the next wait. Takes any text."""
        with transaction.atomic():
            row = StaffTotp.objects.select_for_update(no_key=True).get(pk=self.pk)
            right = row.locked_until() is None and row._verify(token)
        self.refresh_from_db()
        return right

    def _verify(self, token: str) -> bool:
        app = TOTP(unseal(self.sealed_secret), STEP, 0, DIGITS)
        app.time = timezone.now().timestamp()
        well_formed = token.isascii() and token.isdigit() and len(token) == DIGITS
        if not (well_formed and app.verify(int(token), CLOCKS_DIFFER_BY_STEPS, self.last_t + 1)):
            self.throttle_increment()
            return False
        self.last_t = app.t()
        self.throttle_reset(commit=False)
        self.set_last_used_timestamp(commit=False)
        self.save()
        return True


def forget_apps(user: User) -> None:
    """Deletes all apps of the user, confirmed or not, in key order. The caller holds the lock on the user."""
    StaffTotp.objects.filter(pk__in=hold(StaffTotp.objects.filter(user=user))).delete()


def otpauth_url(username: str, secret: bytes) -> str:
    """The otpauth URL in the Key URI format of authenticator apps."""
    issuer = settings.OTP_TOTP_ISSUER
    query = urlencode({"secret": base64.b32encode(secret).decode(), "issuer": issuer}, quote_via=quote)
    return f"otpauth://totp/{quote(issuer)}:{quote(username)}?{query}"
