"""The lines of «Da seguire» about offices: a file that says otherwise, ends that wait, pharmacies that nobody may certify for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import (
    BigIntegerField,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Subquery,
    Value,
    Window,
)
from django.urls import reverse
from django.utils.translation import gettext, ngettext

from pharmacies.certification import succession
from pharmacies.certification.succession import Succession
from pharmacies.models import MailCertification, Office, Pharmacy, RoleRequest
from pharmacies.people import terms
from portal.time.clock import ROME
from sessions.staff.lists.pharmacy_status import StatusRow
from sessions.staff.lists.selection import PharmacySelection
from sessions.staff.lists.thing import OF_EACH, Thing

_CONFLICT, _GAP, _LATE, _ENDINGS, _REQUESTS = range(5)


@dataclass(frozen=True)
class OfficeTroubles:
    """At most OF_EACH conflicts and gaps, the newest first, and two numbers: ends that wait, requests of a role."""

    conflicts: list[Office]
    gaps: list[Any]  # pharmacies with `left`: the end of the last holder (UTC)
    late: list[Succession]  # some addresses that no new holder confirmed in time
    endings: int
    requests: int


def read(place: PharmacySelection, now: datetime) -> OfficeTroubles:
    """One query; further ones only for conflicts, gaps and late addresses that there are."""
    inside = None if place.is_everywhere else place.in_place(Pharmacy.objects.all())
    offices, requests = Office.objects.order_by(), RoleRequest.objects.open().order_by()
    pharmacies = Pharmacy.objects.open_on(now.astimezone(ROME).date())
    if inside is not None:
        pharmacies = place.in_place(pharmacies)
        offices, requests = offices.filter(pharmacy__in=inside), requests.filter(pharmacy__in=inside)
    conflicts = offices.conflicting().order_by("-written_at", "-pk")
    gaps = _without_holder(pharmacies, now)
    parts: list[Any] = [
        _marked(Office.objects.filter(pk__in=conflicts.values("pk")[:OF_EACH]), _CONFLICT, F("pk")),
        _marked(Pharmacy.objects.filter(pk__in=gaps.values("pk")[:OF_EACH]), _GAP, F("pk")),
        _marked(offices.ending_to_confirm(), _ENDINGS, Window(Count("pk"))),
        _marked(requests, _REQUESTS, Window(Count("pk"))),
    ]
    parts += [_marked(_first(late), _LATE, F("pk")) for late in succession.late(now, inside)]
    found: dict[int, list[int]] = {kind: [] for kind in range(5)}
    for kind, number in parts[0].union(*parts[1:]):
        found[kind].append(number)
    return OfficeTroubles(
        list(conflicts.filter(pk__in=found[_CONFLICT]).select_related("pharmacy")) if found[_CONFLICT] else [],
        list(gaps.filter(pk__in=found[_GAP])) if found[_GAP] else [],
        _successions(found[_LATE][:OF_EACH], now),
        sum(found[_ENDINGS]),
        sum(found[_REQUESTS]),
    )


def _first(late: Any) -> Any:
    return MailCertification.objects.filter(pk__in=late.order_by("pk").values("pk")[:OF_EACH])


def _successions(keys: list[int], now: datetime) -> list[Succession]:
    rows = MailCertification.objects.filter(pk__in=keys).select_related("pharmacy") if keys else ()
    found = [succession.succession_of(row, now) for row in rows]
    return [one for one in found if one is not None]


def _marked(rows: Any, kind: int, number: Any) -> Any:
    """(kind, number) of the rows; equal pairs, as of a count, become one in the union."""
    columns = {"line": Value(kind, IntegerField()), "number": ExpressionWrapper(number, BigIntegerField())}
    return rows.order_by().annotate(**columns).values_list("line", "number")


def lines_of(found: OfficeTroubles, now: datetime) -> list[Thing]:
    """The lines, worst first."""
    lines = [
        Thing(
            "bad",
            "it-error",
            gettext("Dal %(day)s nessuno può certificare l’indirizzo: l’ultimo incarico è finito")
            % {"day": f"{terms.first_day(pharmacy.left):%d/%m/%Y}"},
            row=StatusRow(pharmacy, None, now),
        )
        for pharmacy in found.gaps
    ]
    lines += [
        Thing(
            "warn",
            "it-error",
            gettext("L’elenco dice altro dell’incarico di %(role)s: scegli in «Persone»")
            % {"role": office.get_role_display()},
            row=StatusRow(office.pharmacy, None, now),
        )
        for office in found.conflicts
    ]
    if found.endings:
        words = ngettext(
            "L’elenco chiude un incarico insieme a troppi altri: serve un sì.",
            "L’elenco chiude %(number)s incarichi in una volta: serve un sì.",
            found.endings,
        ) % {"number": found.endings}
        title, url = gettext("Incarichi da chiudere"), reverse("staff:endings")
        lines.insert(0, Thing("bad", "it-error", words, title=title, url=url, role="anagrafica"))
    return lines


def _without_holder(pharmacies: Any, now: datetime) -> Any:
    """Pharmacies whose last office that may certify is over. A pharmacy that never had one is not among them."""
    held = Office.objects.certifying().filter(pharmacy=OuterRef("pk"))
    over = held.filter(until__lte=now, until__gt=F("since")).order_by("-until")
    left = Subquery(over.values("until")[:1])
    return (
        pharmacies.filter(~Exists(held.within_dates(now)), Exists(over.order_by()))
        .annotate(left=left)
        .order_by("-left", "pk")
    )
