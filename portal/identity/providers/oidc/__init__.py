"""CIE by OpenID Connect: our own relying party in the Italian federation, on joserfc and httpx."""

from portal.identity.providers.oidc.provider import CieOpenId

__all__ = ["CieOpenId"]
