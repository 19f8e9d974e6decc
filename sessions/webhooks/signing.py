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


def signed(secret: str, message_id: str, at: datetime, body: str) -> dict[str, str]:
    """The three signature headers of a call made at `at` (UTC)."""
    stamp = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signature = base64.b64encode(hmac.digest(key, f"{message_id}.{stamp}.{body}".encode(), sha256)).decode("ascii")
    return {"webhook-id": message_id, "webhook-timestamp": stamp, "webhook-signature": f"v1,{signature}"}
