"""Writes every letter of the portal, in its variants, with invented data: each by the function that writes the real one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from pharmacies.certification import letters as of_addresses
from pharmacies.certification.succession import Succession
from pharmacies.copies import letters as of_copies
from pharmacies.delegations import letters as of_delegations
from pharmacies.models import CopyMailbox, MailCertification, Office, Pharmacy, RoleRequest
from pharmacies.people import letters as of_people
from pharmacies.people import login_letters
from pharmacies.people.rights import RightNews
from portal.demo.gallery.places import (
    CLOCK_CHANGE,
    LONG_ADDRESS,
    NOW,
    OTHER_PLAIN_ID,
    PLAIN_ID,
    YEAR_AGO,
    GalleryWorld,
    make_world,
)
from portal.demo.people import ANNA, ELENA
from portal.identity.models import PersonSession, StaffMailbox, User
from portal.identity.staff import mailbox
from portal.outbox.letters import Envelope, post
from portal.outbox.models import OutgoingMail
from sessions.hours.moments import Moment
from sessions.letters import id_letters, mandatory_letters, webhook_letters
from sessions.letters.mandatory_letters import MandatorySoon
from sessions.models import Context, Webhook
from sessions.models.webhook import WebhookEnd

HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
REFUSED = "casella piena"
REASON = "richiesta della farmacia, telefonata delle 9:02"


@dataclass(frozen=True)
class GalleryLetter:
    """A letter of the gallery: what is special about it, and its row in the outbox."""

    name: str
    row: OutgoingMail


def gallery_letters() -> list[GalleryLetter]:
    """Writes all letters inside the transaction of the caller, which keeps or rolls back the rows."""
    world = make_world()
    shown = []
    for name, write in [
        *_of_addresses(world),
        *_of_people(world),
        *_of_copies(world),
        *_of_ids(world),
        *_of_staff(),
        *_reminders(world),
    ]:
        before = set(OutgoingMail.objects.values_list("pk", flat=True))
        write()
        rows = OutgoingMail.objects.exclude(pk__in=before).order_by("pk")
        shown += [GalleryLetter(name, row) for row in rows]
    return shown


_Writing = Iterator[tuple[str, Callable[[], object]]]


def _of_addresses(world: GalleryWorld) -> _Writing:
    one, far = world.san_marco.certification, world.long_named.certification
    newer = MailCertification(
        pharmacy=one.pharmacy, address=LONG_ADDRESS, address_key=LONG_ADDRESS, certified_at=NOW, certified_by=world.anna,
        certified_with="CIE livello 3",
    )  # fmt: skip
    imported = MailCertification(
        pharmacy=one.pharmacy, address=one.address, certified_at=YEAR_AGO, imported_at=NOW, requested_at=YEAR_AGO
    )
    yield "codice di validazione", partial(of_addresses.code, one, "314469", NOW + 15 * MINUTE, NOW)
    yield "certificata, indirizzo lungo", partial(of_addresses.certified, far, NOW)
    yield "certificata, parafarmacia", partial(of_addresses.certified, world.parafarmacia.certification, NOW)
    yield "modificata, alla vecchia e alla nuova casella", partial(of_addresses.changed, one, newer, NOW)
    yield "modificata, indirizzi lunghi", partial(of_addresses.changed, far, newer, NOW)
    yield "revocata dalla farmacia, indirizzo lungo", partial(of_addresses.revoked, far, world.bruno, "", NOW)
    yield "revocata dall’assistenza", partial(of_addresses.revoked, one, world.operator, REASON, NOW)
    yield "di nuovo raggiungibile", partial(of_addresses.reachable_again, far, world.operator, REASON, NOW)
    yield "da confermare, c’è chi può", partial(of_addresses.to_confirm, Succession(far, NOW, NOW), NOW)
    yield "da confermare, non c’è nessuno", partial(of_addresses.to_confirm, Succession(one, NOW, None), NOW)
    yield (
        "da confermare, ripresa dal sistema precedente",
        partial(of_addresses.to_confirm, Succession(imported, NOW, NOW), NOW),
    )
    yield "confermata", partial(of_addresses.confirmed, far, world.bruno, NOW)
    yield "ripresa dal sistema precedente", partial(of_addresses.imported, far, NOW)
    yield "prova della casella", partial(of_addresses.trial, far, NOW)
    closed = Pharmacy(**{**_columns(one.pharmacy), "closed_on": NOW.date(), "absent_since": NOW.date() - 3 * DAY})
    site = world.parafarmacia.pharmacy
    moved = Pharmacy(**{**_columns(site), "closed_on": NOW.date()})
    yield "chiusa secondo il registro", partial(of_addresses.closing, _for(one, closed), NOW)
    yield (
        "parafarmacia chiusa, forse trasferita",
        partial(of_addresses.closing, _for(world.parafarmacia.certification, moved), NOW, [site]),
    )
    yield (
        "prova dell’invio (comando)",
        partial(post, Envelope(OutgoingMail.Kind.NOTICE, "", NOW, NOW + HOUR), one.address, "test", {}),
    )


def _of_people(world: GalleryWorld) -> _Writing:
    pharmacy, far = world.san_marco.pharmacy, world.long_named.pharmacy
    delegate = Office(
        pharmacy=pharmacy, codice_fiscale=ELENA.codice_fiscale, given_name="Elena", family_name="Moro",
        role=Office.Role.DELEGATE,
        since=NOW, until=NOW + 90 * DAY, may_use_ids=True, may_set_hours=True,
    )  # fmt: skip
    head = Office(
        pharmacy=far, codice_fiscale=ANNA.codice_fiscale, given_name="Anna", family_name="Rossi",
        role=Office.Role.DIRETTORE, since=NOW,
    )  # fmt: skip
    acts = {"data": of_delegations.GIVEN, "cambiata": of_delegations.CHANGED, "tolta": of_delegations.TAKEN_BACK}
    for name, act in acts.items():
        yield f"delega {name}", partial(of_delegations.delegation, act, delegate, world.anna, NOW)
    news = {
        "può certificare, senza fine": RightNews(gained=True, since=NOW, until=None),
        "può certificare, per un periodo": RightNews(gained=True, since=NOW, until=NOW + 60 * DAY),
        "non può più, da subito": RightNews(gained=False, since=NOW, until=NOW),
        "non può più, da un giorno": RightNews(gained=False, since=NOW, until=NOW + 60 * DAY),
    }
    for name, one in news.items():
        yield name, partial(of_people.office_news, head, one, NOW)
    role = RoleRequest(person=world.elena, pharmacy=far, code=far.code, role=Office.Role.DIRETTORE)
    other = RoleRequest(person=world.anna, pharmacy=far, code=far.code, role=Office.Role.TITOLARE)
    certification = world.long_named.certification
    yield "una persona chiede un ruolo", partial(of_people.role_requests, certification, [role], NOW)
    webhook = Webhook(pharmacy=pharmacy, url="https://gestionale.example.it/avvisi", closed_because=WebhookEnd.SILENT)
    yield "il gestionale scollegato dagli avvisi", partial(webhook_letters.put_to_rest, webhook, NOW)
    yield "due persone chiedono un ruolo", partial(of_people.role_requests, certification, [role, other], NOW)
    session = PersonSession(
        user=world.anna, means="SPID livello 2", browser="Firefox su Windows", origin="192.0.2.x", started_at=NOW
    )
    for stopped in (True, False):
        change = partial(login_letters.access_changed, world.anna, REASON, stopped=stopped, now=NOW)
        yield "una persona fermata" if stopped else "una persona riammessa", change
    yield "accesso da un browser nuovo", partial(login_letters.new_browser, session, NOW)


def _of_copies(world: GalleryWorld) -> _Writing:
    mailbox = CopyMailbox(pharmacy=world.long_named.pharmacy, person=world.elena, address=LONG_ADDRESS)
    yield "codice per la casella delle copie", partial(of_copies.code, mailbox, "314469", NOW + 15 * MINUTE, NOW)
    yield "copia confermata", partial(of_copies.confirmed, mailbox, world.elena, NOW)
    yield "copia rifiutata", partial(of_copies.refused, mailbox, REFUSED, NOW)
    yield "copia ripresa", partial(of_copies.resumed, mailbox, NOW)
    yield "copia finita, per chi l’ha indicata", partial(of_copies.ended, mailbox, world.elena, NOW)
    yield "copia finita, per chi legge la casella", partial(of_copies.ended, mailbox, None, NOW)


def _of_staff() -> _Writing:
    carla = User.objects.create_staff("carla.galleria", "!", "Carla", "Neri")
    yield "codice per la casella di un operatore", partial(mailbox.name, carla, LONG_ADDRESS, NOW)
    StaffMailbox.objects.create(user=carla, address=LONG_ADDRESS, confirmed_at=NOW)
    words = "Ruoli e territorio: prima lettura; 042, ora assistenza, lettura; tutta l’Italia."
    yield "avviso a un operatore", partial(mailbox.tell, carla, "I tuoi ruoli sono cambiati", words, NOW)


def _of_ids(world: GalleryWorld) -> _Writing:
    for place in world.places:
        fresh, name = place.id_sessione(world.usual, "10a2"), place.pharmacy.display_name
        coming = [Moment(120, fresh.expires_at - 2 * HOUR), Moment(30, fresh.expires_at - 30 * MINUTE)]
        yield (
            f"ID nuovo, {name}",
            partial(id_letters.issued, fresh, PLAIN_ID, place.certification, coming, NOW),
        )
    one = world.san_marco
    white, used = one.id_sessione(world.white, "10a2"), one.id_sessione(world.usual, "10a2", 4 * HOUR, used=True)
    replacing = one.id_sessione(world.replacing, "10a2")
    carried = [
        id_letters.Carried(one.id_sessione(world.usual, "10a2"), PLAIN_ID, [Moment(60, NOW + 15 * HOUR)]),
        id_letters.Carried(white, OTHER_PLAIN_ID, [Moment(60, NOW + 15 * HOUR)]),
    ]
    yield "due ID nuovi", partial(id_letters.issued_together, carried, one.certification, NOW)
    yield (
        "ID nuovo, ricetta bianca, senza promemoria",
        partial(id_letters.issued, white, PLAIN_ID, one.certification, [], NOW),
    )
    yield (
        "ID nuovo che annulla i precedenti, con l’avviso di fine",
        partial(
            id_letters.issued,
            replacing,
            PLAIN_ID,
            one.certification,
            [Moment(60, NOW + 9 * HOUR), Moment(0, replacing.expires_at)],
            NOW,
        ),
    )
    yield "ID in uso inviato di nuovo", partial(id_letters.issued, used, PLAIN_ID, one.certification, [], NOW)
    yield "ID revocato dalla farmacia", partial(id_letters.revoked, used, one.certification, world.anna, "", NOW)
    yield (
        "ID revocato dall’assistenza",
        partial(id_letters.revoked, used, one.certification, world.operator, REASON, NOW),
    )
    yield (
        "tutti gli ID revocati dall’assistenza",
        partial(
            id_letters.all_revoked,
            [used, one.id_sessione(world.white, "77c0", HOUR)],
            one.certification,
            world.operator,
            REASON,
            NOW,
        ),
    )
    soon = [
        Context(title=row.title, contesto=row.contesto, mandatory_from=NOW + 30 * DAY)
        for row in (world.usual, world.white)
    ]
    calls = [MandatorySoon(context, number) for context, number in zip(soon, (1284, 1), strict=True)]
    yield "ID obbligatorio fra poco", partial(mandatory_letters.mandatory_soon, one.certification, calls, NOW)
    for verb in id_letters.UTENZA_NEWS:
        by = None if verb == "utenza.anomaly" else world.operator
        because = REASON if verb in ("utenza.blocked", "utenza.anomaly") else ""
        yield (
            f"utenza: {verb}",
            partial(id_letters.utenza_news, verb, one.utenza, one.certification, by, because, NOW),
        )


def _reminders(world: GalleryWorld) -> _Writing:
    one, far, site = world.places
    ending = 14 * HOUR
    copy = CopyMailbox(pk=1, pharmacy=one.pharmacy, person=world.elena, address=LONG_ADDRESS)
    used, fresh = one.id_sessione(world.usual, "10a2", ending, used=True), far.id_sessione(world.usual, "5c1d", ending)
    white = one.id_sessione(world.white, "77c0", 13 * HOUR)
    night = one.id_sessione(world.usual, "0e1f")
    night.requested_at, night.expires_at = CLOCK_CHANGE - 16 * HOUR, CLOCK_CHANGE
    of_site = site.id_sessione(world.white, "b2b2", 13 * HOUR)
    yield "promemoria, ID in uso", partial(id_letters.expiring, [used], one.certification, NOW)
    yield "promemoria, ID non usato, nomi lunghi", partial(id_letters.expiring, [fresh], far.certification, NOW)
    yield (
        "promemoria, l’ora che si ripete",
        partial(id_letters.expiring, [night], one.certification, CLOCK_CHANGE - HOUR),
    )
    yield "promemoria in copia", partial(id_letters.expiring, [used], one.certification, NOW, copy_to=copy)
    yield "promemoria, due ID di una farmacia", partial(id_letters.expiring, [used, white], one.certification, NOW)
    yield (
        "promemoria, due ID di una farmacia, in copia",
        partial(id_letters.expiring, [used, white], one.certification, NOW, copy_to=copy),
    )
    yield (
        "promemoria, tre ID di due farmacie e una parafarmacia",
        partial(id_letters.expiring, [used, fresh, of_site], one.certification, NOW),
    )
    over = one.id_sessione(world.usual, "10a2", 16 * HOUR)
    yield "ID scaduto", partial(id_letters.expired, over, one.certification, NOW)
    yield "ID scaduto senza promemoria prima", partial(id_letters.expired, over, one.certification, NOW, unwarned=True)
    yield "ID scaduto, in copia", partial(id_letters.expired, over, one.certification, NOW, copy_to=copy)


def _columns(row: Pharmacy) -> dict[str, object]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def _for(certification: MailCertification, pharmacy: Pharmacy) -> MailCertification:
    """The same address in memory, of the pharmacy as it is after the register's news."""
    return MailCertification(address=certification.address, pharmacy=pharmacy, certified_at=YEAR_AGO)
