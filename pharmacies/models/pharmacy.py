"""A pharmacy as the national register of the Ministry of Health writes it."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q

from pharmacies.codes import PARAFARMACIA_PREFIX as PARAFARMACIA_PREFIX
from pharmacies.codes import typed_codes
from pharmacies.models.asl_of_comune import AslOfComune
from pharmacies.models.folded import FoldedField
from portal.database.composed import Composed
from portal.identity.models import User
from portal.identity.territory import Territory

FOUND_FROM = frozenset({"name", "comune"})  # the fields that `found_by` is computed from
_HELD = Composed(lambda pk: Pharmacy.objects.select_for_update(no_key=True).filter(pk=pk).only("pk"))


class NationalRegister(models.TextChoices):
    """The two registers of the Ministry of Health. A site is in one of them for ever: its type tells which."""

    FARMACIE = "farmacie", "Farmacie"
    PARAFARMACIE = "parafarmacie", "Parafarmacie"


class PharmacyQuerySet(models.QuerySet["Pharmacy"]):
    def open_on(self, day: date) -> "PharmacyQuerySet":
        """The pharmacies that the register keeps open on this (Italian) day."""
        return self.filter(Q(closed_on=None) | Q(closed_on__gt=day))

    def of_register(self, register: "NationalRegister") -> "PharmacyQuerySet":
        """The sites that this register of the Ministry lists: parafarmacie, or all other types."""
        parafarmacie = Q(type=Pharmacy.Type.PARAFARMACIA)
        return self.filter(parafarmacie if register == NationalRegister.PARAFARMACIE else ~parafarmacie)

    def meant_by(self, typed: str) -> "Pharmacy | None":
        """The site whose code a person typed: the pharmacy with this number, else the parafarmacia; None without either."""
        return self.filter(code__in=typed_codes(typed)).order_by("type").first()  # PARAFARMACIA is the last type

    def code_meant_by(self, typed: str) -> str:
        """Returns the code of the site that a person typed, as stored; the typed text when no site has it."""
        site = self.meant_by(typed) if typed else None
        return site.code if site else typed

    def closing_to_confirm(self) -> "PharmacyQuerySet":
        """The pharmacies whose closing waits for an operator's approval."""
        return self.filter(closing_waits__isnull=False).order_by("pk")

    def visible_to(self, user: User) -> "PharmacyQuerySet":
        """The pharmacies in the territory of this operator. Pages answer 404 for the others."""
        return self.filter(within(user.territory))

    def not_in_the_table(self) -> "PharmacyQuerySet":
        """The pharmacies whose comune is not in the table of the ASL, or is divided among several."""
        return self.exclude(catasto__in=AslOfComune.objects.deciding().values("catasto"))

    def without_utenza_of_an_asl(self) -> "PharmacyQuerySet":
        """The pharmacies of which no utenza that is not disabled names an ASL."""
        utenze = apps.get_model("pharmacies", "Utenza").objects.filter(disabled_at=None).exclude(codice_asl="")
        return self.exclude(Exists(utenze.filter(pharmacy=OuterRef("pk"))))

    def without_asl(self) -> "PharmacyQuerySet":
        """The pharmacies that belong to no ASL: no territory and no filter of an ASL finds them (see in_asl)."""
        unknown = Q(place_correction=None) | Q(place_correction__asl_code="") | Q(region_code="")
        return self.not_in_the_table().without_utenza_of_an_asl().filter(unknown)

    def with_place(self) -> "PharmacyQuerySet":
        """Reads the correction of the place, its author, and `in_table` (whether the table names the comune) in the same query."""
        in_table = Exists(AslOfComune.objects.filter(catasto=OuterRef("catasto")))
        return self.select_related("place_correction__by").annotate(in_table=in_table)

    def without_region(self) -> "PharmacyQuerySet":
        """The pharmacies whose region is not known: operators of a region do not see them."""
        return self.filter(region_code="")

    def hold(self, pk: int | None) -> None:
        """Locks the pharmacy until the transaction ends; the caller locks its utenze afterwards. None locks nothing."""
        if pk is not None:
            _HELD.first(pk)

    def fold(self) -> None:
        """Recomputes `found_by` for rows that were changed without save()."""
        rows = list(self.order_by("pk").only("pk", *FOUND_FROM))
        for row in rows:
            FOUND_BY.pre_save(row, add=False)
        Pharmacy.objects.bulk_update(rows, ["found_by"], batch_size=500)

    def update(self, **values: Any) -> int:
        """As Django's; recomputes `found_by` when the name or the comune changes."""
        if not FOUND_FROM & values.keys():
            return super().update(**values)
        with transaction.atomic():
            keys = list(self.order_by().values_list("pk", flat=True))
            changed = super().update(**values)
            Pharmacy.objects.filter(pk__in=keys).fold()
        return changed

    def bulk_create(self, objs: Iterable["Pharmacy"], *args: Any, **options: Any) -> list["Pharmacy"]:
        """As Django's; existing rows that get a new name or comune get their `found_by` too."""
        if FOUND_FROM & set(options.get("update_fields") or ()):
            options["update_fields"] = [*options["update_fields"], "found_by"]
        return super().bulk_create(objs, *args, **options)

    def bulk_update(self, objs: Iterable["Pharmacy"], fields: Iterable[str], *args: Any, **options: Any) -> int:
        """As Django's; recomputes `found_by` when the name or the comune changes."""
        rows, names = list(objs), list(fields)
        if FOUND_FROM & set(names):
            names.append("found_by")
            for row in rows:
                FOUND_BY.pre_save(row, add=False)
        return super().bulk_update(rows, names, *args, **options)

    def hold_all(self, pks: Iterable[int]) -> None:
        """Locks several pharmacies until the transaction ends, by key, so that two callers cannot deadlock."""
        wanted = sorted(set(pks))
        list(self.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk").values_list("pk"))


def within(territory: Territory, prefix: str = "") -> Q:
    """Returns the condition "in this territory" on a pharmacy, or on a row with one: `within(user.territory, "pharmacy__")`.

    The region comes from the register, from the comune or from an operator's correction; a pharmacy without one is seen by
    operators of the whole nation only, and by those of its ASL.
    """
    if territory.is_whole_nation:
        return Q()
    condition = Q(**{f"{prefix}region_code__in": sorted(territory.regions)})
    for region, asl in sorted(territory.asl):
        condition |= in_asl(region, asl, prefix)
    return condition


def in_asl(region: str, asl: str, prefix: str = "") -> Q:
    """Returns the condition "belongs to this ASL" on a pharmacy, or on a row with one.

    The table of the comuni decides where it names one ASL for the comune. Elsewhere the utenze that the titolare has not
    disabled decide (a blocked utenza counts, so that the operators of its ASL see it), and without any of them an operator's
    correction. `places/asl.py` says the same of one pharmacy.
    """
    by_table = AslOfComune.objects.deciding().filter(region_code=region, asl_code=asl)
    by_utenza = Pharmacy.objects.not_in_the_table().filter(
        utenze__codice_regione=region, utenze__codice_asl=asl, utenze__disabled_at=None
    )
    corrected = Pharmacy.objects.not_in_the_table().without_utenza_of_an_asl()
    corrected = corrected.filter(region_code=region, place_correction__asl_code=asl)
    return (
        Q(**{f"{prefix}catasto__in": by_table.values("catasto")})
        | Q(**{f"{prefix}pk__in": by_utenza.values("pk")})
        | Q(**{f"{prefix}pk__in": corrected.values("pk")})
    )


class Pharmacy(models.Model):
    """One site. The code identifies it and survives a change of owner; the partita IVA does not identify it."""

    class Type(models.IntegerChoices):
        ORDINARIA = 1, "Ordinaria"
        SUCCURSALE = 2, "Succursale"
        DISPENSARIO = 3, "Dispensario"
        DISPENSARIO_STAGIONALE = 4, "Dispensario stagionale"
        PARAFARMACIA = 5, "Parafarmacia"

    # cod_farmacia; for a parafarmacia PARAFARMACIA_PREFIX and codice_identificativo_sito, because both registers count from 1
    code = models.CharField("codice", max_length=10, unique=True)
    name = models.CharField("nome", max_length=160)
    partita_iva = models.CharField("partita IVA", max_length=20, blank=True)
    address = models.CharField("indirizzo", max_length=200, blank=True)
    cap = models.CharField("CAP", max_length=5, blank=True)
    comune = models.CharField("comune", max_length=80)
    comune_code = models.CharField("codice comune", max_length=6, blank=True)
    # the comune of today, which outlives a change of province: two ISTAT codes of one comune have one codice catastale
    catasto = models.CharField("codice catastale", max_length=4, blank=True, db_default="", default="")
    province = models.CharField("provincia", max_length=2, blank=True)  # TO
    region_code = models.CharField("codice regione", max_length=3, blank=True)  # 010
    region = models.CharField("regione", max_length=60, blank=True)
    asl_code = models.CharField("codice ASL", max_length=10, blank=True)
    type = models.PositiveSmallIntegerField("tipologia", choices=Type.choices, default=Type.ORDINARIA)
    valid_from = models.DateField("valida dal", null=True)
    # the first closed day: the day after the end date in the register, or the day on which its absence was proven
    closed_on = models.DateField("chiusa dal", null=True)
    closing_noted_at = models.DateTimeField("chiusura scritta il", null=True)  # when the closing was written down
    # the first closed day of a closing that waits for an operator's approval; None: no closing waits
    closing_waits = models.DateField("chiusura da confermare, dal", null=True)
    absent_since = models.DateField("manca dal registro dal", null=True)  # the day of the first whole file without it
    doubts = models.JSONField("dati dubbi", default=list, blank=True)  # keys of register.rows.DOUBTS
    imported_at = models.DateTimeField("ultimo aggiornamento", null=True)

    found_by = FoldedField(of="words")  # the text that the desk searches

    objects = PharmacyQuerySet.as_manager()

    class Meta:
        verbose_name = "farmacia"
        verbose_name_plural = "farmacie"
        ordering = ["name", "code"]
        indexes = [
            models.Index(fields=["province", "name"], name="pharmacy_by_province"),  # staff: filter by province
            # staff: those without an id today, by name: a page stops at its last row
            models.Index(fields=["name", "id"], name="pharmacy_by_name"),
            models.Index(fields=["catasto"], name="pharmacy_by_comune"),  # joins with AslOfComune
            # the desk's search scans this index instead of the table, which is five times as large
            models.Index(fields=["found_by"], name="pharmacy_found_by"),
            models.Index(fields=["partita_iva"], name="pharmacy_by_partita_iva"),
            # staff: «Da seguire»
            models.Index(
                fields=["closing_noted_at"], condition=Q(closing_noted_at__isnull=False), name="pharmacy_closing_noted"
            ),
            models.Index(
                fields=["closing_waits"], condition=Q(closing_waits__isnull=False), name="pharmacy_closing_waits"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.display_name} · cod. {self.code}"

    def save(self, *args: Any, **options: Any) -> None:
        """As Django's; saves `found_by` together with the name or the comune."""
        if FOUND_FROM & set(options.get("update_fields") or ()):
            options["update_fields"] = {*options["update_fields"], "found_by"}
        super().save(*args, **options)

    @property
    def display_name(self) -> str:
        """Returns the name with «Farmacia» or «Parafarmacia» in front, unless it contains that word or «dispensario»."""
        lowered = self.name.lower()
        return (
            self.name
            if any(word in lowered for word in (self.noun, "dispensario"))
            else f"{self.noun.title()} {self.name}"
        )

    @property
    def is_parafarmacia(self) -> bool:
        return self.type == Pharmacy.Type.PARAFARMACIA

    @property
    def noun(self) -> str:
        """Returns the noun for sentences about this site: «farmacia» or «parafarmacia», both feminine."""
        return "parafarmacia" if self.is_parafarmacia else "farmacia"

    @property
    def register(self) -> NationalRegister:
        return NationalRegister.PARAFARMACIE if self.is_parafarmacia else NationalRegister.FARMACIE

    @property
    def words(self) -> str:
        """Returns the text that the desk searches: the name as the pages show it, and the comune."""
        return f"{self.display_name} {self.comune}"

    @property
    def place(self) -> str:
        """Returns `Via Roma 12, Trento (TN)`."""
        return f"{self.address}, {self.town}" if self.address else self.town

    @property
    def town(self) -> str:
        """Returns `Trento (TN)`."""
        comune = self.comune.title() if self.comune.isupper() else self.comune
        return f"{comune} ({self.province})" if self.province else comune

    def is_open(self, day: date) -> bool:
        return self.closed_on is None or self.closed_on > day


FOUND_BY = Pharmacy._meta.get_field("found_by")
