"""The filters of the status list as querysets. The page, the sheets and the bulk acts share them."""

from dataclasses import dataclass, replace
from datetime import datetime

from django.db import models
from django.db.models import Exists, OuterRef, Q

from pharmacies.models import MailCertification, Pharmacy, Utenza
from pharmacies.models.pharmacy import PharmacyQuerySet, within
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

    @property
    def place_only(self) -> "PharmacySelection":
        """The same place without the other filters: the counters count it."""
        return replace(self, words="", state=ALL, delivery="", certification="", supplier="")

    @property
    def is_counted(self) -> bool:
        """Whether the counters know how many rows it finds: it filters by place and state only."""
        return self == replace(self.place_only, state=self.state)

    @property
    def is_everywhere(self) -> bool:
        """Whether it filters by no place, and the operator's territory is the whole nation."""
        return self.place_only == PharmacySelection(Territory(), state=ALL)

    def pharmacies(self, now: datetime) -> PharmacyQuerySet:
        """The open pharmacies that match, whatever the state of their ids."""
        found = self.in_place(Pharmacy.objects.open_on(now.astimezone(ROME).date()))
        if self.words:
            found = found.filter(matching(self.words, now))
        if self.certification:
            found = found.filter(_CERTIFIED[Certification(self.certification)])
        if self.supplier:
            found = found.filter(Exists(Utenza.objects.filter(pharmacy=OuterRef("pk"), supplier=self.supplier)))
        return found.filter(_BLOCKED) if self.state == BLOCKED else found

    def in_place(self, found: PharmacyQuerySet) -> PharmacyQuerySet:
        """Narrows to the pharmacies of the selected place, open or closed."""
        found = found.filter(within(self.territory))
        if self.region:
            found = found.without_region() if self.region == NOWHERE else found.filter(_inside(self.region))
        if self.asl:
            found = found.without_asl() if self.asl == NOWHERE else found.filter(_inside(self.asl))
        return found.filter(province=self.province) if self.province else found

    def ids(self, now: datetime) -> IdSessioneQuerySet:
        """The id of today of every pharmacy that matches."""
        conditions = {
            TODAY: Q(), ALL: Q(), BLOCKED: Q(), LIVE: rules.live(now), EXPIRING: rules.expiring(now),
            EXPIRED: rules.expired(now), UNDELIVERED: rules.undelivered(),
        }  # fmt: skip
        if self.state not in conditions:
            return IdSessione.objects.none()
        found = rules.of_today(now).filter(conditions[self.state])
        if self.delivery:
            found = found.filter(_DELIVERED[Delivery(self.delivery)])
        whole_nation = PharmacySelection(Territory())
        if replace(self, state=TODAY, delivery="") != whole_nation or self.state == BLOCKED:
            found = found.filter(pharmacy__in=self.pharmacies(now))
        return found

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
}
_BLOCKED = Q(Exists(Utenza.objects.filter(pharmacy=OuterRef("pk"), blocked_at__isnull=False)))
_DELIVERED = {
    Delivery.ACCEPTED: Q(letter__accepted_at__isnull=False, letter__failed_at=None),
    Delivery.WAITING: Q(letter__accepted_at=None, letter__failed_at=None, letter__withdrawn_at=None),
    Delivery.REFUSED: rules.undelivered(),
}
