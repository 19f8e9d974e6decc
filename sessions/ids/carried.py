"""A letter that carries several ids: takes out the ids that ended before it left, so that the others still arrive."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q

from portal.outbox.models import OutgoingMail
from portal.secrets.sealing import unseal
from sessions.letters import id_letters
from sessions.letters.id_letters import Carried
from sessions.models import IdSessione
from sessions.models.id_sessione import FACTS_THAT_END
from sessions.reminders import planning


def of(row: IdSessione) -> Carried:
    """A live id as a letter carries it; reads the reminders planned for it."""
    return Carried(row, unseal(row.sealed or b"").decode(), planning.waiting(row))


@dataclass(frozen=True)
class CarriedFacts:
    """One id of a letter: the letter, the pharmacy of its address, whether it is within its hours, whether it holds its slot."""

    letter: int
    pharmacy: int
    lives: bool
    in_place: bool


def in_letters(letters: Collection[int], now: datetime) -> list[CarriedFacts]:
    """The facts of each id that one of these letters (keys) carries."""
    lives = Q(**dict.fromkeys(FACTS_THAT_END, None), expires_at__gt=now)
    facts = IdSessione.objects.filter(letter__in=letters).annotate(
        lives=ExpressionWrapper(lives, output_field=BooleanField()),
        in_place=ExpressionWrapper(Q(revoked_at=None, closed_at=None), output_field=BooleanField()),
    )
    return [CarriedFacts(*row) for row in facts.values_list("letter", "certification__pharmacy", "lives", "in_place")]


@transaction.atomic
def take_out_expired(letters: Collection[int], now: datetime) -> None:
    """Marks the expired ids of these letters (keys) as the sweep would, and writes the letters anew with the others."""
    if letters:
        IdSessione.objects.filter(letter__in=letters, expires_at__lte=now).in_place().end(now)
        write_without_dead(letters, now)


@transaction.atomic
def write_without_dead(letters: Collection[int], now: datetime) -> set[int]:
    """Writes these letters (keys) anew with their ids that are within their hours. Returns the keys of the letters that carry none.

    Leaves alone a letter that a server accepted, or that was withdrawn. A refused letter stays refused: a retry sends the rest.
    """
    if not letters:
        return set()
    here = Q(failed_at=None) | Q(sealed_source__isnull=False)
    rows = OutgoingMail.objects.filter(here, pk__in=letters, accepted_at=None, withdrawn_at=None)
    held = list(rows.select_for_update(of=("self",), no_key=True).order_by("pk").defer("sealed_source"))
    # After the locks: another act on one of the ids may have changed what the letter carries meanwhile.
    live = IdSessione.objects.within_hours(now).filter(letter__in=[letter.pk for letter in held], sealed__isnull=False)
    by_letter: dict[int, list[IdSessione]] = defaultdict(list)
    for row in live.with_what_ends_them().select_related("certification__pharmacy").order_by("pk"):
        by_letter[row.letter_id].append(row)
    for letter in held:
        if rest := by_letter[letter.pk]:
            id_letters.issued_anew(letter, [of(row) for row in rest], now)
    return {letter.pk for letter in held if not by_letter[letter.pk]}


def shared_with_live(ended: Sequence[int], now: datetime) -> list[int]:
    """The letters (keys) that have not left, carry one of these ids (keys) and also an id within its hours."""
    others = IdSessione.objects.within_hours(now).filter(letter=OuterRef("letter")).exclude(pk__in=ended)
    waits = Q(letter__accepted_at=None, letter__withdrawn_at=None, letter__sealed_source__isnull=False)
    carried = IdSessione.objects.filter(waits, Exists(others), pk__in=ended)
    return list(carried.order_by().values_list("letter", flat=True).distinct())
