"""The staff's second factor, and the failures that slow down who guesses passwords."""

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
    """The staff's authenticator app: secret sealed at rest, wait capped (django-otp's own device does neither)."""

    LONGEST_WAIT = timedelta(minutes=15)

    sealed_secret = models.BinaryField()
    last_t = models.BigIntegerField(default=-1)  # the last time step used: a code works once

    class Meta:
        verbose_name = "app di autenticazione"
        verbose_name_plural = "app di autenticazione"

    @classmethod
    def enrol(cls, user: User, secret: bytes | None = None) -> "tuple[StaffTotp, str]":
        """Gives the user an app; returns it with the otpauth address, which is shown once and kept nowhere."""
        secret = secret or os.urandom(SECRET_BYTES)
        device = cls.objects.create(user=user, name="app", sealed_secret=seal(secret))
        return device, otpauth_url(user.username, secret)

    @classmethod
    def waiting_for(cls, user: User) -> "StaffTotp":
        """The app that the user has still to prove, always the same until then."""
        pending: StaffTotp | None = cls.objects.filter(user=user, confirmed=False).order_by("pk").first()
        return pending or cls.objects.create(
            user=user, name="app", confirmed=False, sealed_secret=seal(os.urandom(SECRET_BYTES))
        )

    @property
    def otpauth(self) -> str:
        """The address for the app, and the secret in it: only for the page where its owner enrols."""
        return otpauth_url(self.user.username, unseal(self.sealed_secret))

    def get_throttle_factor(self) -> int:
        """Waits of 1, 2, 4, 8... seconds after each wrong code."""
        return 1

    def verify_is_allowed(self) -> tuple[bool, dict[str, Any] | None]:
        """As django-otp's, but the wait ends after 15 minutes at most: without the cap, 20 wrong codes lock for 6 days."""
        allowed, reason = super().verify_is_allowed()
        if allowed or self.throttling_failure_timestamp is None:
            return allowed, reason
        end = self.throttling_failure_timestamp + self.LONGEST_WAIT
        if timezone.now() >= end:
            return True, None
        return False, {**reason, "locked_until": min(reason["locked_until"], end)}

    def locked_until(self) -> datetime | None:
        """When the next code may be tried (UTC); None when it may now."""
        allowed, reason = self.verify_is_allowed()
        return None if allowed or reason is None else reason["locked_until"]

    def verify_token(self, token: str) -> bool:
        """True for the right code of now, once; a wrong one makes the next wait longer. Never raises."""
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
    """Deletes every app of the user, proved or not, in the order of their keys. The caller holds the user."""
    StaffTotp.objects.filter(pk__in=hold(StaffTotp.objects.filter(user=user))).delete()


def otpauth_url(username: str, secret: bytes) -> str:
    """What authenticator apps read (Key URI format)."""
    issuer = settings.OTP_TOTP_ISSUER
    query = urlencode({"secret": base64.b32encode(secret).decode(), "issuer": issuer}, quote_via=quote)
    return f"otpauth://totp/{quote(issuer)}:{quote(username)}?{query}"
