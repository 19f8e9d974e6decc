"""The people of the seed: offices for the named people of portal/demo/people.py, an invented titolare for the other pharmacies."""

import base64
import unicodedata
from datetime import datetime, timedelta
from random import Random

from django.contrib.auth.hashers import make_password
from stdnum.it import codicefiscale

from pharmacies.codes import PARAFARMACIA_PREFIX
from pharmacies.models import Office, OfficeSource, Pharmacy, Utenza
from pharmacies.people import terms
from portal.demo import people
from portal.demo.people import Person
from portal.identity.models import LoginRecord, StaffTotp, User
from portal.time.clock import ROME

TITOLARE, DIRETTORE, DELEGATE = Office.Role.TITOLARE, Office.Role.DIRETTORE, Office.Role.DELEGATE
SAN_MARCO, AL_REDENTORE, COMUNALE_3, TELVE, SANTA_LUCIA = "94512", "91877", "93110", "92304", "95204"
SANITAL = "P29411"  # a parafarmacia
DOLOMITI, SANTA_CHIARA, VALSUGANA = "92301", "92302", "92303"
OFFICES: tuple[tuple[Person, Office.Role, str], ...] = (
    (people.ANNA, TITOLARE, SAN_MARCO),
    (people.BRUNO, TITOLARE, AL_REDENTORE),
    (people.GIULIA, DIRETTORE, DOLOMITI),
    (people.GIULIA, DIRETTORE, SANTA_CHIARA),
    (people.GIULIA, DIRETTORE, VALSUGANA),
    (people.ELENA, DELEGATE, SAN_MARCO),
    (people.NICCOLO, TITOLARE, SANTA_LUCIA),
    (people.MARIA, TITOLARE, TELVE),
    (people.PAOLA, TITOLARE, SANITAL),
)  # Franco and Dario hold no office
NAMED = frozenset(code for _, _, code in OFFICES)

# Password and pincode of every gestionale of the demonstration; the userId is "UV", the pharmacy's number and a letter.
UTENZA_PASSWORD = "Gestionale-2026"
UTENZA_PINCODE = "1234567890"
ASL = {
    "010": "301", "041": "201", "042": "101", "050": "503", "070": "103", "090": "201", "120": "201", "150": "204",
    "160": "114", "200": "308",
}  # fmt: skip

GIVEN_NAMES = ("Laura", "Marta", "Silvia", "Teresa", "Irene", "Paolo", "Stefano", "Enrico", "Davide", "Sergio")
FAMILY_NAMES = (
    "Colombari", "Ferrantini", "Bellacosa", "Santolini", "Marchesani", "Pellegratti", "Trevisoli", "Guadagnetti",
    "Zanolini", "Cattaneschi", "Rinaldoni", "Morandelli", "Vescovini",
)  # fmt: skip
MONTHS = "ABCDEHLMPRST"
TOWNS = ("L378", "L219", "H501", "F839", "A662", "B354", "D969", "D612", "L736")


def named_person(person: Person) -> User:
    return User.objects.for_person(person.codice_fiscale, person.given_name, person.family_name)


def seat_the_named(pharmacies: dict[str, Pharmacy], now: datetime) -> dict[str, User]:
    """Creates offices, accounts and past logins of the named people. Returns the acting account by pharmacy code."""
    acting: dict[str, User] = {}
    for number, (person, role, code) in enumerate(OFFICES):
        user = named_person(person)
        office = Office(
            pharmacy=pharmacies[code], codice_fiscale=person.codice_fiscale, role=role,
            since=now - timedelta(days=900 + 40 * number), family_name=person.family_name, given_name=person.given_name,
        )  # fmt: skip
        if role == DELEGATE:
            office.since = office.written_at = now - timedelta(days=30)
            office.until = terms.ends_after((now + timedelta(days=180)).astimezone(ROME).date())
            office.source, office.written_by, office.may_set_hours = OfficeSource.DELEGATION, acting[code], True
        office.save()
        acting.setdefault(code, user)
        LoginRecord.objects.create(
            user=user, provider="spid", level=2, outcome="ok", at=now - timedelta(days=1, minutes=7 * number)
        )
    return acting


def seat_the_others(pharmacies: list[Pharmacy], chance: Random, now: datetime) -> dict[str, User]:
    """Creates a titolare for each of these pharmacies. Returns the accounts by pharmacy code."""
    users, offices = [], []
    for number, pharmacy in enumerate(pharmacies):
        given = GIVEN_NAMES[number % len(GIVEN_NAMES)]
        family = FAMILY_NAMES[number % len(FAMILY_NAMES)]
        fiscal_code = invented_codice_fiscale(given, family, number)
        users.append(
            User(username=fiscal_code, codice_fiscale=fiscal_code, given_name=given, family_name=family, password="!")
        )
        since = now - timedelta(days=chance.randint(60, 3000))
        names = {"given_name": given, "family_name": family}
        offices.append(Office(pharmacy=pharmacy, codice_fiscale=fiscal_code, role=TITOLARE, since=since, **names))
    User.objects.bulk_create(users)
    Office.objects.bulk_create(offices)
    return {pharmacy.code: user for pharmacy, user in zip(pharmacies, users, strict=True)}


def open_utenze(pharmacies: list[Pharmacy], titolari: dict[str, User], now: datetime) -> dict[str, Utenza]:
    """Creates an utenza for each pharmacy. Returns them by pharmacy code. Hashes the shared secrets once, because it is slow."""
    password, pincode = make_password(UTENZA_PASSWORD), make_password(UTENZA_PINCODE)
    rows = [
        Utenza(
            pharmacy=pharmacy,
            user_id=f"UV{_number(pharmacy).zfill(5)}{MONTHS[number % len(MONTHS)]}",
            password=password,
            pincode=pincode,
            codice_fiscale=titolari[pharmacy.code].codice_fiscale or "",
            codice_regione=pharmacy.region_code or "120",
            codice_asl=ASL.get(pharmacy.region_code, "201"),
            codice_ssa=_number(pharmacy).zfill(6),
            created_at=now - timedelta(days=400),
            password_changed_at=now - timedelta(days=10 + number % 70),
        )
        for number, pharmacy in enumerate(pharmacies)
    ]
    Utenza.objects.bulk_create(rows)
    return {pharmacy.code: row for pharmacy, row in zip(pharmacies, rows, strict=True)}


def _number(pharmacy: Pharmacy) -> str:
    return pharmacy.code.removeprefix(PARAFARMACIA_PREFIX)


def enrol_the_staff() -> None:
    """Creates the missing operators, all with the authenticator secret that the demonstration prints. Idempotent."""
    for operator in people.OPERATORS:
        if User.objects.filter(username=operator.username).exists():
            continue
        user = User.objects.create_staff(
            operator.username, people.STAFF_PASSWORD, operator.given_name, operator.family_name, roles=operator.roles,
            whole_nation=operator.whole_nation,
        )  # fmt: skip
        user.limited_to = list(operator.limited_to)
        user.save(update_fields=["limited_to"])
        StaffTotp.enrol(user, base64.b32decode(people.STAFF_TOTP_SECRET))


def invented_codice_fiscale(given: str, family: str, number: int) -> str:
    """Returns a well-formed codice fiscale that belongs to nobody; birth date and town come from the number."""
    female = given.endswith("a") or given == "Irene"
    year, month, day = 55 + number % 40, MONTHS[number % 12], 1 + number % 28 + (40 if female else 0)
    body = f"{_letters(family)}{_letters(given, is_given=True)}{year}{month}{day:02d}{TOWNS[number % len(TOWNS)]}"
    return body + str(codicefiscale.calc_check_digit(body))


def _letters(name: str, *, is_given: bool = False) -> str:
    plain = unicodedata.normalize("NFD", name).encode("ascii", "ignore").decode().upper()
    consonants = [letter for letter in plain if letter.isalpha() and letter not in "AEIOU"]
    if is_given and len(consonants) > 3:
        del consonants[1]
    vowels = [letter for letter in plain if letter in "AEIOU"]
    return "".join([*consonants, *vowels, "X", "X", "X"][:3])
