"""Signs webhook calls, so that the gestionale can verify their origin and time. Source: Standard Webhooks, signature v1 (HMAC)."""

import base64
import hmac
import secrets
from datetime import datetime
from hashlib import sha256

PREFIX = "whsec_"
SECRET_BYTES = 32


def new_secret() -> str:
    """`whsec_` and 32 random bytes in base64. The page shows it once."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode("ascii")


def signed(secret: str, message_id: str, at: datetime, body: str, *before: str) -> dict[str, str]:
    """The three signature headers of a call made at `at` (UTC). `before`: older secrets that sign too, one signature each."""
    stamp = str(int(at.timestamp()))
    signatures = " ".join(f"v1,{_signature(key, f'{message_id}.{stamp}.{body}')}" for key in (secret, *before))
    return {"webhook-id": message_id, "webhook-timestamp": stamp, "webhook-signature": signatures}


def _signature(secret: str, text: str) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.digest(key, text.encode(), sha256)).decode("ascii")
