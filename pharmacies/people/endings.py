"""Ends that a file asks for: how many at once are believed, how many files prove an absence, and an operator's approval."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext

from pharmacies.files.lock import Import, alone_with
from pharmacies.models import Office, OfficeImport, OfficeSource, Pharmacy
from pharmacies.people import offices, terms

if TYPE_CHECKING:
    from portal.identity.models import User


def too_many(endings: int, now: datetime) -> bool:
    """True when the number of endings is so high that the file is probably wrong.

    More than REGISTER_CLOSINGS, and more than REGISTER_CLOSINGS_PER_THOUSAND of the offices in force that files brought.
    """
    in_force = Office.objects.within_dates(now).filter(source=OfficeSource.FILE).count()
    share = settings.REGISTER_CLOSINGS_PER_THOUSAND * in_force
    return endings > settings.REGISTER_CLOSINGS and endings * 1000 > share


class AbsenceProof:
    """Answers whether enough whole files of different days, the one under way included, lack an absent office."""

    def __init__(self, file: OfficeImport) -> None:
        self._file = file
        found = OfficeImport.objects.whole().filter(unnamed=0).values_list("day", "only_these")
        self._files = [(day, None if codes is None else frozenset(codes)) for day, codes in found]

    def __call__(self, since: date, code: str) -> bool:
        """`since`: the day of the first whole file without the office; `code`: its pharmacy's."""
        if self._file.unnamed:
            return False
        days = {day for day, codes in self._files if day >= since and (codes is None or code in codes)}
        return len({*days, self._file.day}) >= settings.REGISTER_ABSENT_FILES


def confirm(keys: Sequence[int], by: "User | None", because: str, now: datetime) -> int:
    """Ends the offices among these (primary keys) whose end still waits for approval. Returns how many.

    Raises ImportUnderWay: an import may be changing them.
    """
    with alone_with(Import.OFFICES):
        waiting = Office.objects.ending_to_confirm().filter(pk__in=keys).select_related("pharmacy")
        Pharmacy.objects.hold_all(waiting.values_list("pharmacy", flat=True))
        ended = 0
        for office in waiting.order_by("pharmacy_id", "pk"):
            if (until := office.ending_waits) is not None:
                ended += offices.end(office, terms.ends_after(until), by=by, because=because, now=now, of_the_file=True)
        return ended


def why(office: Office) -> str:
    """The reason of the end, for the journal and the pages."""
    if office.absent_since is not None:
        return gettext("manca dall’elenco dal %(day)s") % {"day": f"{office.absent_since:%d/%m/%Y}"}
    return gettext("lo dice l’elenco")
