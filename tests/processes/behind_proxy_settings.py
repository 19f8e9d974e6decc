"""The demonstration's settings behind nginx, which terminates https as in production."""

from portal.settings import *  # noqa: F403

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
