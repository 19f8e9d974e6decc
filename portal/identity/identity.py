"""The authenticated person as every identity provider returns it, and the refusal of a login."""

from dataclasses import dataclass
from datetime import datetime, timedelta

MINIMUM_LEVEL = 2  # SpidL2 = LoA3, required by the certification of the e-mail address
CLOCKS_DIFFER_BY = timedelta(seconds=60)  # tolerated clock skew between the portal and a provider


@dataclass(frozen=True)
class Identity:
    """A person authenticated by an identity provider. `level` 2 is SpidL2 = LoA3; `authenticated_at` is UTC."""

    codice_fiscale: str
    given_name: str
    family_name: str
    level: int
    provider: str  # "spid", "cie", "ts-cns"
    authenticated_at: datetime
    # the provider's identifiers of the answer (SAML: Response and Assertion; TS-CNS: serial number of the certificate)
    answer_id: str = ""
    assertion_id: str = ""
    subject: str = ""  # the provider's name for the person in this login (SAML: NameQualifier, space, NameID)
    sign_out_names: tuple[str, ...] = ()  # names that a logout request of the provider may use for this session (SAML)

    @property
    def described(self) -> str:
        """`SPID livello 2`."""
        return f"{self.provider.upper()} livello {self.level}"


class LoginRefused(Exception):
    """The provider declined, or its answer cannot be trusted. `code` selects the sentence (people/refusal_sentences.py)."""

    def __init__(self, code: str, reason: str = "") -> None:
        super().__init__(reason or code)
        self.code = code
