"""TS-CNS: the card that nginx has asked for by mutual TLS, on a host of its own."""

from portal.identity.providers.cns.provider import TsCns

__all__ = ["TsCns"]
