"""The invented places, people and ids that the letters of the gallery are about, saved in the database of the caller."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pharmacies.codes import parafarmacia_code
from pharmacies.models import MailCertification, Office, Pharmacy, Utenza
from portal.demo.people import ANNA, BRUNO, CARLA, ELENA, Person
from portal.identity.models import User
from sessions.models import Context, IdSessione

NOW = datetime(2026, 11, 30, 8, 5, 21, tzinfo=UTC)  # 09:05:21 in Italy
CLOCK_CHANGE = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)  # 02:30 in Italy, for the second time that night
YEAR_AGO = NOW - timedelta(days=364)
OTHER_PLAIN_ID = "9d0a4c57-1be8-4f3d-a6c2-7f00d5e977c0"
PLAIN_ID = "3b7c1f0e-94d2-4a6b-8f15-c0de5e5510a2"
LONG_ADDRESS = "amministrazione.idsessione.ricette@farmaciasantissimaannunziataalporto.example"
SHORT_ADDRESS = "idsessione@farmaciasanmarco.example"
WHITE = ("RICETTA-BIANCA", "EROGATORE", "Ricetta bianca elettronica")


@dataclass(frozen=True)
class GalleryPlace:
    """A place with its certified address and the account of its gestionale."""

    pharmacy: Pharmacy
    certification: MailCertification
    utenza: Utenza

    def id_sessione(self, context: Context, last4: str, age: timedelta = timedelta(), used: bool = False) -> IdSessione:
        """An id in memory, asked for that long before NOW. No letter reads more of it."""
        at = NOW - age
        return IdSessione(
            utenza=self.utenza, pharmacy=self.pharmacy, context=context, certification=self.certification, last4=last4,
            requested_at=at, expires_at=at + timedelta(hours=context.hours), first_used_at=at if used else None,
        )  # fmt: skip


@dataclass(frozen=True)
class GalleryWorld:
    """Three places, the people, and the contexts with the two policies."""

    san_marco: GalleryPlace
    long_named: GalleryPlace  # the longest name, place and address that the registers have
    parafarmacia: GalleryPlace
    anna: User
    bruno: User
    elena: User
    operator: User
    usual: Context  # a used id stays valid until the new one is used
    white: Context
    replacing: Context  # a new id ends the earlier ones

    @property
    def places(self) -> Sequence[GalleryPlace]:
        return self.san_marco, self.long_named, self.parafarmacia


def make_world() -> GalleryWorld:
    """Saves the places and the people; the contexts that the portal ships are read."""
    anna, bruno, elena = (_user(person) for person in (ANNA, BRUNO, ELENA))
    operator = User(username=CARLA.username, given_name=CARLA.given_name, family_name=CARLA.family_name)
    san_marco = _pharmacy("4512", "San Marco", address="Via Roma 12", comune="TRENTO", province="TN")
    long_named = _pharmacy(
        "21877", "Santissima Annunziata al Porto delle dottoresse Montecuccoli e Castelbarco",
        address="Piazzale dei Martiri della Libertà 127/bis", comune="SAN VALENTINO IN ABRUZZO CITERIORE", province="PE",
    )  # fmt: skip
    site = _pharmacy(
        parafarmacia_code("3301"), "Sanital", type=Pharmacy.Type.PARAFARMACIA, address="Corso Rosmini 3",
        comune="ROVERETO", province="TN",
    )  # fmt: skip
    white, _ = Context.objects.get_or_create(
        contesto=WHITE[0], applicazione=WHITE[1], defaults={"title": WHITE[2]}
    )  # fmt: skip
    return GalleryWorld(
        _certified(san_marco, SHORT_ADDRESS, "UVANNA01", anna),
        _certified(long_named, LONG_ADDRESS, "UVANNUNZIATA0001", bruno),
        _certified(site, "sanital@sanital.example", "UVSANITAL01", bruno),
        anna, bruno, elena, operator,
        usual=Context.objects.usual(), white=white,
        replacing=Context(pk=0, contesto="TOKEN-SAR", applicazione="EROGATORE", title="Ricetta regionale", hours=10, policy="replace"),
    )  # fmt: skip


def _user(person: Person) -> User:
    return User.objects.for_person(person.codice_fiscale, person.given_name, person.family_name)


def _pharmacy(code: str, name: str, **fields: Any) -> Pharmacy:
    return Pharmacy.objects.create(code=code, name=name, cap="38122", partita_iva="01234567897", **fields)


def _certified(pharmacy: Pharmacy, address: str, user_id: str, by: User) -> GalleryPlace:
    Office.objects.create(
        pharmacy=pharmacy, codice_fiscale=by.codice_fiscale or "", given_name=by.given_name, family_name=by.family_name,
        role=Office.Role.TITOLARE, since=YEAR_AGO,
    )  # fmt: skip
    certification = MailCertification.objects.create(
        pharmacy=pharmacy, address=address, address_key=address, requested_by=by, requested_at=YEAR_AGO,
        certified_at=YEAR_AGO, certified_by=by, certified_with="SPID livello 2",
    )  # fmt: skip
    utenza = Utenza.objects.create(
        pharmacy=pharmacy, user_id=user_id, codice_fiscale=by.codice_fiscale or "", created_at=YEAR_AGO,
        password_changed_at=YEAR_AGO,
    )  # fmt: skip
    return GalleryPlace(pharmacy, certification, utenza)
