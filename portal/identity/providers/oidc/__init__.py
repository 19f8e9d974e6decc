"""CIE by OpenID Connect: a relying party of our own in the Italian federation, on joserfc and httpx."""

from portal.identity.providers.oidc.provider import CieOpenId

__all__ = ["CieOpenId"]
