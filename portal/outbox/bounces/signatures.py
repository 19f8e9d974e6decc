"""Verifies the signature of a posted report: Standard Webhooks (standardwebhooks.com), HMAC-SHA256 over id, time and body."""

import hmac
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

from portal.secrets.codes import same

TOLERANCE = 300  # seconds between the two clocks: a message further away counts as a replay
_LONGEST_ID = 200  # characters


def is_signed(headers: Mapping[str, str], body: bytes, secret: bytes, now: datetime) -> bool:
    """True when `webhook-id`, `webhook-timestamp` and `webhook-signature` match the body and the secret, at `now`."""
    name, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if (
        not secret
        or not name
        or len(name) > _LONGEST_ID
        or not (stamp.isascii() and stamp.isdigit() and len(stamp) < 12)
    ):
        return False
    if abs(now.timestamp() - int(stamp)) > TOLERANCE:
        return False
    signed = b".".join([name.encode(), stamp.encode(), body])
    expected = b64encode(hmac.new(secret, signed, sha256).digest()).decode()
    given = headers.get("webhook-signature", "").split()
    return any(same(signature, f"v1,{expected}") for signature in given[:5])  # several while a secret is being rotated
