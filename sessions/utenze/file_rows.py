"""One row of the administration's file of utenze: what it must hold, and the sentence when it does not."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from types import MappingProxyType
from unicodedata import normalize

from pharmacies.files.cells import BrokenRow, code_of
from pharmacies.files.tables import Cells
from pharmacies.models.utenza import Secret
from portal.secrets import imported_hashes
from portal.values import codice_fiscale
from sessions.credentials import pincode
from sessions.credentials.password_proof import CONTROL
from sessions.utenze import passwords

COLUMNS = MappingProxyType(
    {
        "user_id": ("userid", "user_id", "utenza"),
        "codice_fiscale": ("codice_fiscale", "cf", "cf_utente"),
        "codice_regione": ("codice_regione", "cod_regione", "regione"),
        "codice_asl": ("codice_asl", "cod_asl", "codice_asl_ao", "cod_asl_ao", "asl"),
        "codice_ssa": ("codice_ssa", "cod_ssa", "ssa"),
        "code": ("cod_farmacia", "codice_farmacia", "farmacia"),
        "password": ("password",),
        "password_hash": ("password_hash", "hash_password"),
        "pincode": ("pincode",),
        "pincode_hash": ("pincode_hash", "hash_pincode"),
        "supplier": ("fornitore", "supplier"),
    }
)
SECRETS = ("password", "password_hash", "pincode", "pincode_hash")
OPTIONAL = (*SECRETS, "supplier")
_USER_ID = re.compile(r"[!-9;-~]{1,16}")  # visible ASCII without a colon, which ends the userId in HTTP Basic
_USUAL_PINCODE = 10  # digits


@dataclass(frozen=True)
class GivenSecret:
    """A password or pincode of the file: in clear, or the hash of another system in the form that is stored."""

    plain: str = field(default="", repr=False)
    imported: str = field(default="", repr=False)


@dataclass(frozen=True)
class UtenzaRow:
    """One readable row."""

    line: int
    user_id: str
    code: str
    facts: dict[str, str]  # codice_fiscale and the three codes
    supplier: str
    secrets: dict[Secret, GivenSecret] = field(repr=False)

    @property
    def name(self) -> str:
        return self.user_id

    @property
    def is_doubtful(self) -> bool:
        """True when the pincode is shorter than usual: a spreadsheet may have taken its leading zeros away."""
        return 0 < len(self.secrets["pincode"].plain) < _USUAL_PINCODE


def user_id_of(cells: Cells) -> str:
    """The userId of a row; "" when the cell holds something else, which may be a secret in the wrong column."""
    return cells["user_id"] if _USER_ID.fullmatch(cells["user_id"]) else ""


def read(line: int, cells: Cells) -> UtenzaRow:
    """Reads one row. Raises BrokenRow, whose sentence holds no secret."""
    user_id, code = user_id_of(cells), code_of(cells["code"])
    if not user_id:
        raise BrokenRow("userId: 1 to 16 visible characters, without spaces and colons")
    if not code:
        raise BrokenRow("no code of a pharmacy")
    person = codice_fiscale.normalise(cells["codice_fiscale"])
    if not codice_fiscale.is_valid(person):
        raise BrokenRow("codice fiscale: 16 characters with the right check character", code)
    facts = {
        "codice_fiscale": person,
        "codice_regione": _digits(cells, "codice_regione", 3, 3),
        "codice_asl": _digits(cells, "codice_asl", 3, 3),
        "codice_ssa": _digits(cells, "codice_ssa", 5, 6),
    }
    if len(cells["supplier"]) > 80:
        raise BrokenRow("fornitore: at most 80 characters", code)
    secrets: dict[Secret, GivenSecret] = {
        "password": _secret(cells, "password", _password),
        "pincode": _secret(cells, "pincode", _pincode),
    }
    return UtenzaRow(line, user_id, code, facts, cells["supplier"], secrets)


def _digits(cells: Cells, name: str, least: int, most: int) -> str:
    value = cells[name]
    if least == most and value:
        value = value.zfill(most)  # spreadsheets take leading zeros away
    if not (value.isascii() and value.isdigit() and least <= len(value) <= most):
        raise BrokenRow(f"{name}: {most} digits" if least == most else f"{name}: {least} or {most} digits")
    return value


def _secret(cells: Cells, name: Secret, in_clear: Callable[[str], str]) -> GivenSecret:
    """Reads the two columns of a secret. Exactly one must be filled."""
    plain, text = cells[name], cells[f"{name}_hash"].strip()
    if bool(plain) == bool(text):
        raise BrokenRow(f"{name}: either {name} or {name}_hash must be filled")
    if plain:
        return GivenSecret(plain=in_clear(plain))
    try:
        return GivenSecret(imported=imported_hashes.kept(text))
    except imported_hashes.UnknownHash as refused:
        raise BrokenRow(f"{name}_hash: {refused}") from None


def _password(plain: str) -> str:
    """The password as a call of the gestionale is read (password_proof.parse_basic). A weak one is taken: the till has it."""
    password = normalize("NFC", plain)
    if CONTROL.search(password) or len(password) > passwords.LONGEST:
        raise BrokenRow(f"password: at most {passwords.LONGEST} characters, all of them visible")
    return password


def _pincode(plain: str) -> str:
    digits = plain.strip()
    if not (digits.isascii() and digits.isdigit() and pincode.SHORTEST <= len(digits) <= pincode.LONGEST):
        raise BrokenRow(f"pincode: {pincode.SHORTEST} to {pincode.LONGEST} digits")
    return digits
