"""Letters that tell ids of more than one pharmacy, because one mailbox reads for all of them (reminders/together.py).

The letter's `about` names the first pharmacy; the letter's reminders name the others.
"""

from django.db.models import Exists, OuterRef, Q

from pharmacies.models.pharmacy import PharmacyQuerySet
from sessions.letters.closing_holds import SHARED
from sessions.models import Reminder


def about(code: str) -> Q:
    """The condition on a letter that is about the pharmacy of this code, alone or with others."""
    tells = Reminder.objects.by_mail().filter(id_sessione__pharmacy__code=code, letter__isnull=False)
    others = list(tells.exclude(letter__about=code).order_by().values_list("letter", flat=True).distinct())
    return Q(about=code) | Q(pk__in=others) if others else Q(about=code)


def about_any(pharmacies: PharmacyQuerySet) -> Q:
    """The condition on a letter that is about one of these pharmacies, alone or with others."""
    tells = Reminder.objects.filter(letter=OuterRef("pk"), id_sessione__pharmacy__in=pharmacies.order_by())
    return Q(about__in=pharmacies.order_by().values("code")) | Q(Q(kind__in=SHARED) & Exists(tells))
