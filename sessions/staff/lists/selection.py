"""The filters of the status list as querysets. The page, the sheets and the bulk acts share them."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from operator import and_

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from pharmacies.models import MailCertification, Pharmacy, Utenza
from pharmacies.models.pharmacy import NationalRegister, PharmacyQuerySet, within
from portal.identity.territory import Territory
from portal.time.clock import ROME
from sessions.models import IdSessione
from sessions.models.id_sessione import IdSessioneQuerySet
from sessions.staff.lists import urgency as rules
from sessions.staff.lists.search import matching

TODAY, LIVE, EXPIRING, EXPIRED, UNDELIVERED, WITHOUT, NEVER, BLOCKED, ALL = (
    "", "attive", "in-scadenza", "scadute", "non-consegnate", "senza-id", "mai-richiesto", "bloccate", "tutte",
)  # fmt: skip
NOWHERE = "nessuna"  # the filter of the pharmacies without a region, or without an ASL


LOOKED_UP = 2000  # keys in a statement


class Delivery(models.TextChoices):
    """Delivery of the letter with the id of today."""

    ACCEPTED = "accettata", "Accettata dal server"
    WAITING = "in-attesa", "In attesa"
    REFUSED = "rifiutata", "Rifiutata"


class Certification(models.TextChoices):
    CURRENT = "certificata", "Certificato"
    UNREACHABLE = "non-raggiungibile", "Non raggiungibile"
    REVOKED = "revocata", "Revocato"
    NEVER = "mai", "Mai certificato"
    NONE = "nessuno", _("Non certificato (mai o revocato)")


@dataclass(frozen=True)
class PharmacySelection:
    """The filters of an operator; "" means no filter. `state` is one of the constants above."""

    territory: Territory
    words: str = ""
    state: str = TODAY
    region: str = ""  # "042", or NOWHERE
    province: str = ""
    asl: str = ""  # "042-001", or NOWHERE
    delivery: str = ""
    certification: str = ""
    supplier: str = ""  # of the gestionale of one of its utenze
    register: str = ""  # a value of NationalRegister
    # primary keys of the pharmacies that match, once they are looked up; None: `pharmacies` searches them
    found: tuple[int, ...] | None = None

    @property
    def place_only(self) -> "PharmacySelection":
        """The same place without the other filters: the counters count it."""
        return replace(self, words="", state=ALL, delivery="", certification="", supplier="", register="", found=None)

    def looked_up(self, now: datetime) -> "PharmacySelection":
        """The same selection with the keys of its pharmacies, when they are LOOKED_UP or fewer and not the whole nation. One query."""
        if not self.words and self.is_everywhere and replace(self, state=ALL, delivery="") == self.place_only:
            return self
        keys = tuple(self.pharmacies(now).order_by().values_list("pk", flat=True)[: LOOKED_UP + 1])
        return replace(self, found=keys) if len(keys) <= LOOKED_UP else self

    @property
    def is_counted(self) -> bool:
        """Whether the counters know how many rows it finds: it filters by place and state only."""
        return self == replace(self.place_only, state=self.state)

    @property
    def is_everywhere(self) -> bool:
        """Whether it filters by no place, and the operator's territory is the whole nation."""
        return self.place_only == PharmacySelection(Territory(), state=ALL)

    @property
    def has_every_state(self) -> bool:
        """Whether a pharmacy has a row whatever its id: then the list has as many rows as pharmacies match."""
        return self.state in (ALL, BLOCKED) and not self.delivery

    def pharmacies(self, now: datetime) -> PharmacyQuerySet:
        """The open pharmacies that match, whatever the state of their ids."""
        if self.found is not None:
            return Pharmacy.objects.filter(pk__in=self.found)
        found = self.in_place(Pharmacy.objects.open_on(now.astimezone(ROME).date()))
        if self.words:
            found = found.filter(matching(self.words, now))
        found = self.narrowed(found)
        return found.filter(_BLOCKED) if self.state == BLOCKED else found

    def narrowed(self, found: PharmacyQuerySet) -> PharmacyQuerySet:
        """Narrows to the pharmacies with the selected certification, supplier and register."""
        if self.certification:
            found = found.filter(_CERTIFIED[Certification(self.certification)])
        if self.supplier:
            found = found.filter(Exists(Utenza.objects.filter(pharmacy=OuterRef("pk"), supplier=self.supplier)))
        return found.of_register(NationalRegister(self.register)) if self.register else found

    def in_place(self, found: PharmacyQuerySet) -> PharmacyQuerySet:
        """Narrows to the pharmacies of the selected place, open or closed."""
        found = found.filter(within(self.territory))
        if self.region:
            found = found.without_region() if self.region == NOWHERE else found.filter(_inside(self.region))
        if self.asl:
            found = found.without_asl() if self.asl == NOWHERE else found.filter(_inside(self.asl))
        return found.filter(province=self.province) if self.province else found

    def ids(self, now: datetime, among: Q | None = None, *, only_live: bool = False) -> IdSessioneQuerySet:
        """The id of today of every pharmacy that matches. `among` and `only_live`: as in `urgency.of_today`."""
        if self.state in (WITHOUT, NEVER):
            return IdSessione.objects.none()
        conditions = {LIVE: rules.live(now), EXPIRING: rules.expiring(now), EXPIRED: rules.expired(now)}
        wanted = [condition for condition in (conditions.get(self.state), among) if condition is not None]
        only_live = only_live or self.state in (LIVE, EXPIRING)
        found = rules.of_today(now, reduce(and_, wanted) if wanted else None, only_live=only_live)
        if self.state == UNDELIVERED:
            found = found.filter(rules.undelivered())
        if self.delivery:
            found = found.filter(_DELIVERED[Delivery(self.delivery)])
        if self.found is not None:  # the keys themselves: PostgreSQL reads the ids of each pharmacy from an index
            return found.filter(pharmacy__in=self.found)
        whole_nation = PharmacySelection(Territory())
        if replace(self, state=TODAY, delivery="") != whole_nation or self.state == BLOCKED:
            found = found.filter(pharmacy__in=self.pharmacies(now))
        return found

    def ids_of(self, urgency: rules.Urgency, now: datetime) -> IdSessioneQuerySet:
        """The ids of today of one urgency: a key of `urgency.segments`."""
        condition = rules.segments(now)[urgency]
        if urgency is rules.Urgency.UNDELIVERED:  # says nothing of the hours, so that it does not imply `counting`
            return self.ids(now).filter(condition)
        return self.ids(now, condition, only_live=urgency is not rules.Urgency.EXPIRED_TODAY)

    def without_id(self, now: datetime) -> PharmacyQuerySet:
        """The pharmacies that match and have no id today, so that `ids` leaves them out."""
        if self.state not in (ALL, BLOCKED, WITHOUT, NEVER) or self.delivery:
            return Pharmacy.objects.none()
        if self.state == NEVER:
            return self.pharmacies(now).filter(~Exists(IdSessione.objects.filter(pharmacy=OuterRef("pk"))))
        return self.pharmacies(now).filter(~Exists(rules.candidates(now).filter(pharmacy=OuterRef("pk"))))


def _inside(place: str) -> Q:
    return within(Territory.of([place]))


def _certified(found: models.QuerySet[MailCertification]) -> Exists:
    return Exists(found.filter(pharmacy=OuterRef("pk")))


_EVER = MailCertification.objects.filter(certified_at__isnull=False)
_CURRENT = MailCertification.objects.current()
_CERTIFIED = {
    Certification.CURRENT: Q(_certified(_CURRENT)),
    Certification.UNREACHABLE: Q(_certified(_CURRENT.filter(undeliverable_at__isnull=False))),
    Certification.REVOKED: Q(_certified(_EVER)) & ~Q(_certified(_CURRENT)),
    Certification.NEVER: ~Q(_certified(_EVER)),
    Certification.NONE: ~Q(_certified(_CURRENT)),
}
_BLOCKED = Q(Exists(Utenza.objects.filter(pharmacy=OuterRef("pk"), blocked_at__isnull=False)))
_DELIVERED = {
    Delivery.ACCEPTED: Q(letter__accepted_at__isnull=False, letter__failed_at=None),
    Delivery.WAITING: Q(letter__accepted_at=None, letter__failed_at=None, letter__withdrawn_at=None),
    Delivery.REFUSED: rules.undelivered(),
}
