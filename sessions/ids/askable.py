"""Which contexts a site may ask for: rows of AskableContext, by the type that the register gives the site."""

from pharmacies.models import Pharmacy
from portal.database.composed import Composed
from sessions.models import AskableContext

_ROW = Composed(
    lambda pharmacy, context: AskableContext.objects.filter(
        context=context, type__in=Pharmacy.objects.filter(pk=pharmacy).values("type")
    )
)


def may_ask(pharmacy: int | None, context: int) -> bool:
    """Whether the site (key) may ask for an id of the context (key) now. None: an utenza without a site has no type to ask about."""
    return pharmacy is None or _ROW.first(pharmacy, context) is not None
