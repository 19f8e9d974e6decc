"""Verifies the certificates of the servers that the portal calls, by the same rule on every Python version.

The rule: a chain to a trusted authority, the name, the dates. Python 3.13 changed the default: it refuses certificates that do not
follow RFC 5280 to the letter, as old in-house authorities sign them (VERIFY_X509_STRICT, off here), and trusts a listed authority
that is not a root (VERIFY_X509_PARTIAL_CHAIN, on here).
"""

import ssl
from functools import cache

import httpx


def of_the_system(authorities: str | None = None) -> ssl.SSLContext:
    """Trusts the authorities of the system, or only those in this PEM file. Raises OSError, ssl.SSLError."""
    return by_our_rule(ssl.create_default_context(cafile=authorities))


@cache
def of_the_web() -> ssl.SSLContext:
    """Trusts the authorities that browsers trust, or the ones named by SSL_CERT_FILE or SSL_CERT_DIR. Made once in a process."""
    return by_our_rule(httpx.create_ssl_context())


def by_our_rule(context: ssl.SSLContext) -> ssl.SSLContext:
    """Sets the flags of the rule on this context, and returns it."""
    context.verify_flags = context.verify_flags & ~ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    return context
