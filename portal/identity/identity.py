"""What an identity provider tells us, in our own words."""

from dataclasses import dataclass
from datetime import datetime, timedelta

MINIMUM_LEVEL = 2  # SpidL2 = LoA3: what the certification of the e-mail asks for
CLOCKS_DIFFER_BY = timedelta(seconds=60)  # ours and a provider's, at most


@dataclass(frozen=True)
class Identity:
    """A person, shown by an identity provider. `level` 2 is SpidL2 = LoA3; `authenticated_at` is UTC."""

    codice_fiscale: str
    given_name: str
    family_name: str
    level: int
    provider: str  # "spid", "cie", "ts-cns"
    authenticated_at: datetime
    answer_id: str = (
        ""  # the provider's own numbers of what it said (SAML: Response and Assertion; TS-CNS: the certificate)
    )
    assertion_id: str = ""
    subject: str = ""  # what the provider calls the person this time (SAML: NameQualifier, space, NameID)
    sign_out_names: tuple[str, ...] = ()  # of this session, when the provider says that the person went out (SAML)

    @property
    def described(self) -> str:
        """`SPID livello 2`."""
        return f"{self.provider.upper()} livello {self.level}"


class LoginRefused(Exception):
    """The provider said no, or its answer cannot be trusted. `code` chooses the sentence for the person (identity/people/refusal_sentences.py)."""

    def __init__(self, code: str, reason: str = "") -> None:
        super().__init__(reason or code)
        self.code = code
