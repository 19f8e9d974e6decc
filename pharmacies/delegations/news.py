"""The changes of a person's delegations since their previous login: the first pages tell them, as long as this login lasts."""

from datetime import datetime, timedelta

from django.db.models import DateTimeField, F, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Greatest
from django.utils.translation import gettext as _

from pharmacies.models import Office
from pharmacies.people import terms
from portal.database.composed import Composed
from portal.identity.models import LoginRecord, User

TOLD_FOR = timedelta(days=30)  # to a person who has not logged in before, or not for a long time


def news_for(person: User, now: datetime) -> list[str]:
    """The sentences about delegations given, changed or taken back since the login before this one. Nothing is stored.

    The previous login is a record of the login, so the news end with the next login, whatever the browser.
    """
    return [
        _sentence(office, office.news_since, now)  # type: ignore[attr-defined]  # annotated below
        for office in _CHANGED.all(person.pk, person.codice_fiscale or "", now)
    ]


def _changed(person: int, codice_fiscale: str, now: datetime) -> "QuerySet[Office]":
    logins = LoginRecord.objects.filter(user=person, outcome="ok").order_by("-at", "-pk")
    longest = Value(now - TOLD_FOR, output_field=DateTimeField())
    changed = (
        Office.objects.filter(codice_fiscale=codice_fiscale, role=Office.Role.DELEGATE)
        .annotate(news_since=Greatest(longest, Coalesce(Subquery(logins.values("at")[1:2]), longest)))
        .filter(written_at__gt=F("news_since"), written_at__lte=now)
        .exclude(written_by=None)
    )
    return changed.select_related("pharmacy", "written_by").order_by("written_at", "pk")


_CHANGED = Composed(_changed)


def _sentence(office: Office, since: datetime, now: datetime) -> str:
    words = {
        "by": office.written_by if office.written_by and not office.written_by.is_staff else _("L’assistenza"),
        "pharmacy": office.pharmacy.display_name,
        "includes": office.included,
        "until": _(" fino al %(day)s") % {"day": f"{terms.last_day(office.until):%d/%m/%Y}"} if office.until else "",
    }
    if office.until is not None and office.until <= now:
        return _("%(by)s ha tolto la tua delega per %(pharmacy)s.") % words
    if office.since > since:
        return _("%(by)s ti ha dato una delega per %(pharmacy)s%(until)s: %(includes)s.") % words
    return _("%(by)s ha cambiato la tua delega per %(pharmacy)s. Ora vale%(until)s per: %(includes)s.") % words
