"""How many rows a list has: exact up to COUNTED, so that a count never costs more than reading that many."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from pharmacies.models import NationalRegister
from portal.templatetags.portale import thousands

COUNTED = 10_000
# one site and many, by the register that the list is narrowed to ("": both)
NOUNS = {
    "": ("farmacia", "farmacie"),
    NationalRegister.FARMACIE: ("farmacia", "farmacie"),
    NationalRegister.PARAFARMACIE: ("parafarmacia", "parafarmacie"),
}


@dataclass(frozen=True)
class HowMany:
    """A number of rows; `or_more`: there are more than `number`."""

    number: int
    or_more: bool = False

    def words(self, one: str, many: str) -> str:
        """`1 farmacia`, `53 farmacie`, `Più di 10.000 farmacie`."""
        if self.or_more:
            return _("Più di %(number)s %(things)s") % {"number": thousands(self.number), "things": many}
        return f"{thousands(self.number)} {one if self.number == 1 else many}"


def up_to(limit: int, found: int) -> HowMany:
    """From a count that read at most `limit` + 1 rows."""
    return HowMany(min(found, limit), or_more=found > limit)


def how_many(rows: "QuerySet[Any, Any]", limit: int = COUNTED) -> HowMany:
    """Counts these rows in one query that reads at most `limit` + 1 of them."""
    return up_to(limit, rows.order_by()[: limit + 1].count())


def counted_pages(rows: "QuerySet[Any, Any]", per_page: int, pages: int) -> "tuple[Paginator[Any], HowMany]":
    """The first `pages` pages of these rows, and how many rows there are; one count serves both."""
    number = how_many(rows, per_page * pages)
    paginator: Paginator[Any] = Paginator(rows[: number.number], per_page)
    paginator.count = number.number
    return paginator, number
