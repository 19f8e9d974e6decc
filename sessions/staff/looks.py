"""Journals that an operator looked: at the pages of a pharmacy, or for a person, an address or a codice fiscale in the search.

One line for each operator, subject and hour. The titolare reads it by the operator's roles, without the name (GDPR, articles 5
and 15); the role «sicurezza» reads the name.
"""

from typing import Any

from django.http import HttpRequest

from pharmacies.models import Pharmacy
from portal.identity.access import staff_of
from portal.identity.models import User
from portal.journal.models import Entry, record
from portal.secrets.codes import keyed_hash
from portal.time.clock import now_of

LOOKED, SEARCHED = "staff.looked", "staff.searched"


def looked(request: HttpRequest, pharmacy: Pharmacy) -> None:
    """The operator opened a page about this pharmacy."""
    _once_an_hour(request, LOOKED, pharmacy.code, noun=str(pharmacy.noun), roles=_roles(staff_of(request)))


def searched(request: HttpRequest, words: str) -> None:
    """The operator searched for these words, which may name a person: the line has a keyed hash of them, not the words."""
    _once_an_hour(request, SEARCHED, "", words=keyed_hash("staff-looks", words.casefold())[:10])


def _once_an_hour(request: HttpRequest, verb: str, about: str, **detail: Any) -> None:
    operator, now = staff_of(request), now_of(request)
    hour = now.replace(minute=0, second=0, microsecond=0)
    lines = Entry.objects.filter(actor=operator, at__gte=hour, about=about)
    # an act on the pharmacy within the hour says that the operator was there
    if not any(one != SEARCHED if about else detail == found for one, found in lines.values_list("verb", "detail")):
        record(verb, now=now, actor=operator, about=about, **detail)


def _roles(operator: User) -> str:
    return ", ".join(sorted(operator.roles))
