"""Stub SPID, CIE and TS-CNS: pages that act as identity providers for invented people, with signed answers."""

from portal.demo.identity.providers import StubCie, StubSpid, StubTsCns

__all__ = ["StubCie", "StubSpid", "StubTsCns"]
