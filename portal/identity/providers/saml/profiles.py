"""The differences between the SAML profiles of SPID and CIE. Sources: SPID technical rules and Avviso 29; CIE manual for service providers."""

from dataclasses import dataclass
from enum import StrEnum


class Federation(StrEnum):
    SPID = "spid"
    CIE = "cie"


@dataclass(frozen=True)
class Profile:
    """`attributes`: all that the portal requests; never e-mail, telephone or home address (DM 8/6/2023)."""

    federation: Federation
    attributes: tuple[str, ...]
    issuer_format_required: bool  # on the Issuer of the assertion


SPID = Profile(Federation.SPID, ("name", "familyName", "fiscalNumber"), issuer_format_required=True)
CIE = Profile(Federation.CIE, ("name", "familyName", "dateOfBirth", "fiscalNumber"), issuer_format_required=False)
