"""The demonstration's settings for a portal that is reached through nginx, with https ended there, as in production."""

from portal.settings import *  # noqa: F403

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
