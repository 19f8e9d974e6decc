"""Stub SPID, CIE and TS-CNS: separate pages that answer like an identity provider, signed, for invented people."""

from portal.demo.identity.providers import StubCie, StubSpid, StubTsCns

__all__ = ["StubCie", "StubSpid", "StubTsCns"]
