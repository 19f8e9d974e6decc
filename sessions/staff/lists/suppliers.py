"""The suppliers of the gestionali for the filter of the staff: only names that an utenza has, each with its number of utenze."""

from django.db.models import Count

from pharmacies.models import Utenza
from pharmacies.models.pharmacy import within
from portal.identity.models import User
from portal.templatetags.portale import thousands
from sessions.staff.lists.brief_cache import kept


def suppliers_for(user: User) -> list[tuple[str, str]]:
    """`("Gestionali Srl", "Gestionali Srl (1.204 utenze)")` for each, in the territory of this operator; cached."""
    return kept("suppliers", user.territory.cache_key, lambda: _read(user))


def _read(user: User) -> list[tuple[str, str]]:
    utenze = Utenza.objects.filter(within(user.territory, "pharmacy__"), pharmacy__isnull=False).exclude(supplier="")
    found = utenze.order_by("supplier").values_list("supplier").annotate(many=Count("pk"))
    return [(name, f"{name} ({thousands(many)} {'utenza' if many == 1 else 'utenze'})") for name, many in found]
