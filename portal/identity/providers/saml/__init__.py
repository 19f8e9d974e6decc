"""SPID and CIE by SAML 2.0: our own service provider, small and strict, on lxml and signxml."""

from portal.identity.providers.saml.provider import CieSaml, SamlProvider, Spid

__all__ = ["CieSaml", "SamlProvider", "Spid"]
