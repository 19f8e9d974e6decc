"""Invariants of a pharmacy after two acts, in any order. Each function returns the violations."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pharmacies.models import MailCertification
from portal.outbox.models import OutgoingMail
from sessions.ids import forgetting
from sessions.models import IdSessione
from tests.interleaving import Interleaving
from tests.races.world import NOW, SOURCE, World

Kind = OutgoingMail.Kind


@dataclass
class Left:
    """The rows of a pharmacy after two acts, read once for all rules."""

    ids: list[IdSessione]
    certifications: list[MailCertification]
    in_force: list[str]  # addresses, one for each row
    pending: list[str]
    waiting: list[OutgoingMail]
    outcome: Interleaving

    @classmethod
    def read(cls, world: World, outcome: Interleaving) -> "Left":
        certifications = MailCertification.objects.filter(pharmacy=world.pharmacy)
        return cls(
            list(IdSessione.objects.with_facts().filter(pharmacy=world.pharmacy).order_by("pk")),
            list(certifications),
            list(certifications.current().values_list("address", flat=True)),
            list(certifications.pending(NOW).values_list("address", flat=True)),
            list(OutgoingMail.objects.waiting().filter(about=world.pharmacy.code)),
            outcome,
        )


def no_error_reaches_the_caller(left: Left) -> Iterator[str]:
    for name, ended in (("first", left.outcome.first), ("second", left.outcome.second)):
        if ended.error is not None and not _is_refusal(ended.error):
            yield f"the {name} act ended with {type(ended.error).__name__}: {ended.error}"


def one_validato_and_one_attivo(left: Left) -> Iterator[str]:
    held = Counter((row.utenza_id, row.context_id, row.state(NOW)) for row in left.ids if row.is_live(NOW))
    for (utenza, _, state), number in held.items():
        if number > 1:
            yield f"utenza {utenza} has {number} ids in state {state.value}"


def no_sealed_copy_of_a_dead_id(left: Left) -> Iterator[str]:
    """Except for a closed pharmacy, which may reopen while its ids last."""
    for row in left.ids:
        if row.sealed is not None and _has_ended(row):
            yield f"{row} is {row.state(NOW).value} and its sealed copy is there"


def no_text_of_a_dead_id(left: Left) -> Iterator[str]:
    """Except for a closed pharmacy, as above. A letter that also carries a live id must have been written anew."""
    carry_live = {row.letter_id for row in left.ids if not _has_ended(row)}
    for row in left.ids:
        text = row.letter.sealed_source
        written_anew = row.letter_id in carry_live and text is not None and bytes(text) != SOURCE
        if _has_ended(row) and text is not None and not written_anew:
            yield f"{row} is {row.state(NOW).value} and the text of its letter is there ({row.letter.outcome})"


def no_letter_waits_for_a_former_address(left: Left) -> Iterator[str]:
    """A code goes to the address under certification; an id and a reminder go to the address in force."""
    for letter in left.waiting:
        if letter.kind not in (Kind.CODE, Kind.ISSUED, Kind.REMINDER, Kind.EXPIRED):
            continue
        if letter.recipient not in (left.pending if letter.kind == Kind.CODE else left.in_force):
            yield f"{letter.get_kind_display()} waits for {letter.recipient}, which is not certified"


def instants_in_order(left: Left) -> Iterator[str]:
    for row in left.ids:
        instants = [at for at in (row.requested_at, row.first_used_at, row.revoked_at) if at is not None]
        if instants != sorted(instants):
            yield f"{row} was requested, used and revoked at {instants}"
    for certification in left.certifications:
        ended = certification.replaced_at or certification.revoked_at
        instants = [at for at in (certification.requested_at, certification.certified_at, ended) if at is not None]
        if instants != sorted(instants):
            yield f"{certification} was requested, certified and ended at {instants}"


def a_live_id_has_a_letter(left: Left) -> Iterator[str]:
    """Its letter waits, was accepted or was refused; a withdrawn one would never arrive."""
    for row in left.ids:
        if row.is_live(NOW) and row.letter.withdrawn_at is not None and row.first_used_at is None:
            yield f"{row} is {row.state(NOW).value} and its letter was withdrawn"


def one_certified_address(left: Left) -> Iterator[str]:
    if len(left.in_force) > 1:
        yield f"{len(left.in_force)} addresses in force"


Invariant = Callable[[Left], Iterator[str]]
AT_ONCE: tuple[Invariant, ...] = (
    no_error_reaches_the_caller, one_validato_and_one_attivo, one_certified_address, no_text_of_a_dead_id,
    no_letter_waits_for_a_former_address, instants_in_order, a_live_id_has_a_letter,
)  # fmt: skip
AFTER_THE_SWEEP: tuple[Invariant, ...] = (no_sealed_copy_of_a_dead_id, instants_in_order)


def broken(world: World, outcome: Interleaving) -> list[str]:
    """The violations before and after the sweep that the timetable runs every minute."""
    left = Left.read(world, outcome)
    wrong = [f"{rule.__name__}: {what}" for rule in AT_ONCE for what in rule(left)]
    forgetting.forget_dead(NOW)
    swept = Left.read(world, outcome)
    return wrong + [f"{rule.__name__}: {what}" for rule in AFTER_THE_SWEEP for what in rule(swept)]


def _has_ended(row: IdSessione) -> bool:
    """Ended by an act on it, on its address or on its utenza."""
    return not row.is_live(NOW) and any((row.revoked_at, row.certification.revoked_at, row.utenza.blocked_at))


def _is_refusal(error: BaseException) -> bool:
    """A refusal of the domain that the caller expects."""
    return type(error).__module__.startswith(("sessions.", "pharmacies.", "portal."))
