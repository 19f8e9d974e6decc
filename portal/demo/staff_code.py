"""What the telephone of the demonstration's operator would show."""

from base64 import b32decode
from datetime import datetime

from django_otp.oath import TOTP

from portal.demo.people import STAFF_TOTP_SECRET


def staff_code(now: datetime) -> str:
    """The six digits of this half minute (RFC 6238)."""
    phone = TOTP(b32decode(STAFF_TOTP_SECRET))
    phone.time = int(now.timestamp())
    return f"{phone.token():06d}"
