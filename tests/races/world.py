"""One pharmacy with all rows that two acts may compete for, and the acts. Each interleaving has a pharmacy of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import uuid4

from django.db import transaction

from pharmacies.addresses.examination import ExaminedAddress, key
from pharmacies.models import CodiceValidazione, MailCertification, Pharmacy, Utenza
from pharmacies.models.codice_validazione import CODE_USABLE_FOR, hash_of
from portal.identity.models import User
from portal.outbox.bounces import intake
from portal.outbox.models import OutgoingMail
from portal.outbox.reasons import read
from portal.outbox.sending import delivery
from portal.outbox.sending.smtp import SmtpAnswer
from portal.outbox.verp import sender_of
from portal.secrets.codes import digest
from portal.secrets.sealing import seal
from sessions.ids import forgetting, issuing, resending, revoking, using
from sessions.models import Context, IdSessione, Reminder
from sessions.reminders import planning, sending
from sessions.utenze import by_the_desk, life
from tests.conftest import make_titolare
from tests.outbox.postmaster import report

NOW = datetime(2026, 11, 23, 7, 58, tzinfo=UTC)
CODE = "914203"
DOES_NOT_EXIST = "550 5.1.1 no such user"
_numbers = count(1)
SOURCE = seal(b"Subject: an id or a code\r\n\r\nsecret\r\n")


@dataclass
class World:
    """The rows of one pharmacy before the two acts."""

    pharmacy: Pharmacy
    anna: User
    address: str
    context: Context
    certification: MailCertification  # in force
    pending: MailCertification  # another address, whose code (CODE) has been sent
    utenze: tuple[Utenza, Utenza]
    attivo: IdSessione  # of the first utenza; the server took its letter
    validato: IdSessione  # of the first utenza; a worker holds its letter
    other: IdSessione  # Validato of the second utenza; the server refused its letter
    together: IdSessione  # of the second utenza, for the white prescription; the letter of `validato` carries it too
    held: OutgoingMail  # as the worker holds it
    elsewhere: Pharmacy  # another pharmacy, without anything


@transaction.atomic
def made(anna: User, context: Context) -> World:
    """A new pharmacy, all of it before NOW, with the rows that the portal would have written; no letter is rendered."""
    number = next(_numbers)
    pharmacy = Pharmacy.objects.create(code=f"R{number}", name=f"Farmacia {number}", comune="TRENTO")
    before = NOW - timedelta(hours=3)
    make_titolare(anna, pharmacy)
    certification = _certification(pharmacy, anna, f"a{number}@alfa.example", before, certified_at=before)
    utenze = _utenza(pharmacy, f"U{number}A", before), _utenza(pharmacy, f"U{number}B", before)
    two_hours, one_hour, a_minute = timedelta(hours=2), timedelta(hours=1), timedelta(minutes=1)
    accepted = {"accepted_at": NOW - two_hours, "sealed_source": None, "last_answer": "250 2.0.0 OK"}
    refused = {"failed_at": NOW - one_hour, "last_answer": "550 5.7.1 refused by a filter"}
    lease = NOW + timedelta(days=1)
    leased = {"leased_until": lease, "next_attempt_at": lease, "attempts": 1}
    attivo = _id(utenze[0], context, certification, two_hours, accepted, first_used_at=NOW - two_hours)
    other = _id(utenze[1], context, certification, one_hour, refused)
    validato = _id(utenze[0], context, certification, a_minute, leased)
    white = Context.objects.get_or_create(contesto="RICETTA-BIANCA", applicazione="EROGATORE")[0]
    together = _id(utenze[1], white, certification, a_minute, validato.letter)
    pending = _certification(pharmacy, anna, f"b{number}@beta.example", NOW - a_minute)
    CodiceValidazione.objects.create(
        certification=pending, mailbox=pending.address, code_hash=hash_of(pending.pk, CODE), sent_at=NOW - a_minute,
        expires_at=NOW - a_minute + CODE_USABLE_FOR, letter=_letter(pending, OutgoingMail.Kind.CODE, a_minute),
    )  # fmt: skip
    held = OutgoingMail.objects.defer("sealed_source").get(pk=validato.letter_id)
    elsewhere = Pharmacy.objects.create(code=f"E{number}", name=f"Altrove {number}", comune="TRENTO")
    return World(
        pharmacy, anna, certification.address, context, certification, pending, utenze, attivo, validato, other, together,
        held, elsewhere,
    )  # fmt: skip


def put_away(world: World) -> None:
    """Leaves nothing due: acts on all pharmacies (`remind`) would repeat it in every later interleaving."""
    Reminder.objects.filter(pharmacy=world.pharmacy).delete()


def _certification(
    pharmacy: Pharmacy, anna: User, address: str, at: datetime, certified_at: datetime | None = None
) -> MailCertification:
    return MailCertification.objects.create(
        pharmacy=pharmacy, address=address, address_key=key(address), requested_by=anna, requested_at=at,
        certified_at=certified_at, certified_by=anna if certified_at else None,
    )  # fmt: skip


def _utenza(pharmacy: Pharmacy, user_id: str, at: datetime) -> Utenza:
    return Utenza.objects.create(
        pharmacy=pharmacy, user_id=user_id, codice_fiscale="BNCBRN75B12F205N", codice_regione="042", codice_asl="001",
        codice_ssa="045120", created_at=at, password_changed_at=at,
    )  # fmt: skip


def _letter(to: MailCertification, kind: OutgoingMail.Kind, ago: timedelta, **facts: object) -> OutgoingMail:
    values = {
        "kind": kind, "about": to.pharmacy.code, "priority": OutgoingMail.PRIORITY_OF[kind], "recipient": to.address,
        "domain": to.address.rpartition("@")[2], "message_id": f"<{uuid4()}@portale.example>", "secret": True,
        "sealed_source": SOURCE, "created_at": NOW - ago, "next_attempt_at": NOW - ago,
        "give_up_at": NOW + timedelta(hours=12),
    }  # fmt: skip
    return OutgoingMail.objects.create(**{**values, **facts})


def _id(
    utenza: Utenza,
    context: Context,
    to: MailCertification,
    ago: timedelta,
    letter: "dict[str, object] | OutgoingMail",
    **facts: object,
) -> IdSessione:
    """`letter`: the facts of its own letter, or the letter of another id that carries it too."""
    plain = str(uuid4())
    if not isinstance(letter, OutgoingMail):
        letter = _letter(to, OutgoingMail.Kind.ISSUED, ago, **letter)
    row = IdSessione.objects.create(
        utenza=utenza, pharmacy=utenza.pharmacy, context=context, certification=to, digest=digest(plain),
        last4=plain[-4:], sealed=seal(plain.encode()), requested_at=NOW - ago, expires_at=NOW - ago + context.usable_for,
        letter=letter, **facts,
    )  # fmt: skip
    Reminder.objects.create(id_sessione=row, pharmacy=row.pharmacy, minutes_before=60, due_at=NOW)
    return row


class RefusingLine:
    """Replaces the SMTP connection: refuses every recipient as unknown."""

    is_open = True

    def open(self) -> bool:
        return False

    def hand_over(self, *letter: object, **more: object) -> SmtpAnswer:
        return SmtpAnswer(550, DOES_NOT_EXIST, for_ever=True, reading=read(DOES_NOT_EXIST))

    def reset(self) -> None:
        """Nothing to do."""

    drop = close = reset


def issue(world: World) -> object:
    return issuing.issue(world.utenze[0], world.context, NOW)


def use(world: World) -> object:
    return using.use(world.validato, NOW)


def revoke(world: World) -> object:
    return revoking.revoke(world.validato, world.anna, NOW)


def revoke_all(world: World) -> object:
    return revoking.revoke_all(world.pharmacy, world.anna, "furto", NOW)


def revoke_address(world: World) -> object:
    return world.certification.revoke(world.anna, NOW)


def block(world: World) -> object:
    return life.block(world.utenze[0], "furto", world.anna, NOW)


def hand_over(world: World) -> object:
    return by_the_desk.hand_over(world.utenze[0], world.elsewhere, "nuovo codice", world.anna, NOW)


def confirm(world: World) -> object:
    return world.pending.confirm(CODE, world.anna, "SPID livello 2", NOW)


def change(world: World) -> object:
    address = world.address.replace("alfa", "gamma")
    return MailCertification.objects.begin_and_send(
        world.pharmacy, ExaminedAddress(address, key(address), "gamma.example", None, False), world.anna, NOW
    )


def refuse(world: World) -> object:
    return delivery.deliver(world.held, NOW)


def bounce(world: World) -> object:
    sender = sender_of(world.attivo.letter_id, "")
    return intake.receive(report(sender, world.address), sender, NOW)


def retry(world: World) -> object:
    return OutgoingMail.objects.defer("sealed_source").get(pk=world.other.letter_id).retry(NOW)


def resend(world: World) -> object:
    return resending.resend(world.other, world.anna, NOW)


def purge(world: World) -> object:
    return forgetting.forget_dead(NOW), OutgoingMail.objects.give_up(NOW)


def close(world: World) -> object:
    """Closes the pharmacy as an import of the register does."""
    return Pharmacy.objects.filter(pk=world.pharmacy.pk).update(closed_on=NOW.date(), imported_at=NOW)


def plan(world: World) -> object:
    return planning.choose(world.pharmacy, planning.Wishes([60, 30], False), world.anna, NOW)


def remind(world: World) -> object:
    return sending.send_due(NOW)


Act = Callable[[World], object]
_EVERY_PAIR: tuple[Act, ...] = (issue, use, revoke, confirm, change, refuse, bounce, retry, purge, close)
_WITH_SOME: tuple[Act, ...] = (revoke_all, revoke_address, block, hand_over, resend, plan, remind)
_SOME: tuple[Act, ...] = (issue, use, confirm, refuse)
ACTS = {act.__name__: act for act in (*_EVERY_PAIR, *_WITH_SOME)}


def partners_of(first: str) -> list[str]:
    """The acts it runs against: each of the ten with each; the others with those that touch the same rows."""
    others = _SOME if ACTS[first] in _WITH_SOME else (*_EVERY_PAIR, *(_WITH_SOME if ACTS[first] in _SOME else ()))
    return [act.__name__ for act in others]
