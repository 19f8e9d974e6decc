"""TS-CNS: login by client certificate, which nginx requests by mutual TLS on a host of its own."""

from portal.identity.providers.cns.provider import TsCns

__all__ = ["TsCns"]
