"""Computes the TOTP code of the demonstration's operators."""

from base64 import b32decode
from datetime import datetime

from django_otp.oath import TOTP

from portal.demo.people import STAFF_TOTP_SECRET


def staff_code(now: datetime) -> str:
    """Returns the six digits of the current 30 seconds (RFC 6238)."""
    phone = TOTP(b32decode(STAFF_TOTP_SECRET))
    phone.time = int(now.timestamp())
    return f"{phone.token():06d}"
