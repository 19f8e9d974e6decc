"""A pharmacy as the national register of the Ministry of Health writes it."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import models, transaction
from django.db.models import Q

from pharmacies.models.folded import FoldedField
from portal.database.composed import Composed
from portal.identity.models import User
from portal.identity.territory import Territory

FOUND_FROM = frozenset({"name", "comune"})  # what `found_by` is made of
_HELD = Composed(lambda pk: Pharmacy.objects.select_for_update(no_key=True).filter(pk=pk).only("pk"))


class PharmacyQuerySet(models.QuerySet["Pharmacy"]):
    def open_on(self, day: date) -> "PharmacyQuerySet":
        """Those that the register holds as valid on this (Italian) day."""
        return self.filter(Q(closed_on=None) | Q(closed_on__gt=day))

    def closing_to_confirm(self) -> "PharmacyQuerySet":
        """Those that the register closes and an operator must say yes to first."""
        return self.filter(closing_waits__isnull=False).order_by("pk")

    def visible_to(self, user: User) -> "PharmacyQuerySet":
        """Those of the territory of this member of the staff. One outside does not exist for them: 404."""
        return self.filter(within(user.territory))

    def hold(self, pk: int | None) -> None:
        """This one is the caller's until the transaction ends, before any of its utenze is locked; None: there is none."""
        if pk is not None:
            _HELD.first(pk)

    def fold(self) -> None:
        """Writes `found_by` again, for rows that were changed without their save()."""
        rows = list(self.order_by("pk").only("pk", *FOUND_FROM))
        for row in rows:
            FOUND_BY.pre_save(row, add=False)
        Pharmacy.objects.bulk_update(rows, ["found_by"], batch_size=500)

    def update(self, **values: Any) -> int:
        """As Django's, and what is found by a changed name or comune follows it."""
        if not FOUND_FROM & values.keys():
            return super().update(**values)
        with transaction.atomic():
            keys = list(self.order_by().values_list("pk", flat=True))
            changed = super().update(**values)
            Pharmacy.objects.filter(pk__in=keys).fold()
        return changed

    def bulk_create(self, objs: Iterable["Pharmacy"], *args: Any, **options: Any) -> list["Pharmacy"]:
        """As Django's: rows that are there already get `found_by` with the name or comune they get."""
        if FOUND_FROM & set(options.get("update_fields") or ()):
            options["update_fields"] = [*options["update_fields"], "found_by"]
        return super().bulk_create(objs, *args, **options)

    def bulk_update(self, objs: Iterable["Pharmacy"], fields: Iterable[str], *args: Any, **options: Any) -> int:
        """As Django's, and `found_by` with a changed name or comune."""
        rows, names = list(objs), list(fields)
        if FOUND_FROM & set(names):
            names.append("found_by")
            for row in rows:
                FOUND_BY.pre_save(row, add=False)
        return super().bulk_update(rows, names, *args, **options)

    def hold_all(self, pks: Iterable[int]) -> None:
        """As hold(), of several; in the order of their keys, so that two callers never wait for each other."""
        wanted = sorted(set(pks))
        list(self.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk").values_list("pk"))


def within(territory: Territory, prefix: str = "") -> Q:
    """The condition on a pharmacy, or on what belongs to one: `within(user.territory, "pharmacy__")`.

    A pharmacy is of a region as the register says; of an ASL as one of its utenze says that its titolare has not disabled (the
    register does not name the ASL). A blocked utenza counts: somebody of that ASL has to look at it.
    """
    if territory.is_whole_nation:
        return Q()
    condition = Q(**{f"{prefix}region_code__in": sorted(territory.regions)})
    for region, asl in sorted(territory.asl):
        theirs = Pharmacy.objects.filter(
            utenze__codice_regione=region, utenze__codice_asl=asl, utenze__disabled_at=None
        )
        condition |= Q(**{f"{prefix}pk__in": theirs.values("pk")})
    return condition


class Pharmacy(models.Model):
    """One site. The code is its key and survives a change of owner; the partita IVA is not a key."""

    class Type(models.IntegerChoices):
        ORDINARIA = 1, "Ordinaria"
        SUCCURSALE = 2, "Succursale"
        DISPENSARIO = 3, "Dispensario"
        DISPENSARIO_STAGIONALE = 4, "Dispensario stagionale"

    code = models.CharField("codice", max_length=10, unique=True)  # cod_farmacia
    name = models.CharField("nome", max_length=160)
    partita_iva = models.CharField("partita IVA", max_length=20, blank=True)
    address = models.CharField("indirizzo", max_length=200, blank=True)
    cap = models.CharField("CAP", max_length=5, blank=True)
    comune = models.CharField("comune", max_length=80)
    comune_code = models.CharField("codice comune", max_length=6, blank=True)
    province = models.CharField("provincia", max_length=2, blank=True)  # TO
    region_code = models.CharField("codice regione", max_length=3, blank=True)  # 010
    region = models.CharField("regione", max_length=60, blank=True)
    asl_code = models.CharField("codice ASL", max_length=10, blank=True)
    type = models.PositiveSmallIntegerField("tipologia", choices=Type.choices, default=Type.ORDINARIA)
    valid_from = models.DateField("valida dal", null=True)
    # the first day without work: the day after the end date of the register, or that on which its absence was proven
    closed_on = models.DateField("chiusa dal", null=True)
    closing_noted_at = models.DateTimeField("chiusura scritta il", null=True)  # when it was told by letter
    closing_waits = models.DateField("chiusura da confermare, dal", null=True)  # for an operator's yes; None: none does
    absent_since = models.DateField("manca dal registro dal", null=True)  # the day of the first whole file without it
    doubts = models.JSONField(
        "dati dubbi", default=list, blank=True
    )  # words of registry.DOUBTS; the row is kept all the same
    imported_at = models.DateTimeField("ultimo aggiornamento", null=True)

    found_by = FoldedField(of="words")  # what the desk looks in

    objects = PharmacyQuerySet.as_manager()

    class Meta:
        verbose_name = "farmacia"
        verbose_name_plural = "farmacie"
        ordering = ["name", "code"]
        indexes = [
            models.Index(fields=["province", "name"], name="pharmacy_by_province"),  # staff: filter by province
            # the desk's search, read through instead of the table, which is five times as large
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
        """`found_by` goes with a name or comune that is saved."""
        if FOUND_FROM & set(options.get("update_fields") or ()):
            options["update_fields"] = {*options["update_fields"], "found_by"}
        super().save(*args, **options)

    @property
    def display_name(self) -> str:
        """The name with «Farmacia» in front, unless the register already says what it is."""
        lowered = self.name.lower()
        return self.name if any(word in lowered for word in ("farmacia", "dispensario")) else f"Farmacia {self.name}"

    @property
    def words(self) -> str:
        """By what it is found: its name as the pages show it, and its comune."""
        return f"{self.display_name} {self.comune}"

    @property
    def place(self) -> str:
        """`Via Roma 12, Trento (TN)`."""
        return f"{self.address}, {self.town}" if self.address else self.town

    @property
    def town(self) -> str:
        """`Trento (TN)`."""
        comune = self.comune.title() if self.comune.isupper() else self.comune
        return f"{comune} ({self.province})" if self.province else comune

    def is_open(self, day: date) -> bool:
        return self.closed_on is None or self.closed_on > day


FOUND_BY = Pharmacy._meta.get_field("found_by")
