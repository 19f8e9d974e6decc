"""A method that saves leaves its instance equal to the row: no caller continues with old values."""

from datetime import timedelta
from hashlib import sha256
from itertools import count

import pytest
from django.db.models import Case, F, Value, When
from django.utils import timezone

from portal.database.row_updates import update_row
from portal.identity.models import LoginTransaction, User
from portal.identity.staff import accounts
from portal.outbox.hooks import forbidding
from portal.outbox.models import OutgoingMail, UnreadReport
from portal.secrets.codes import keyed_hash
from sessions.ids import issuing
from sessions.models import BulkItem, BulkJob, Context, IdSessione, SupportNote, Webhook, WebhookCall

pytestmark = pytest.mark.django_db
NOW = timezone.now()
SOON, LATER = NOW + timedelta(minutes=1), NOW + timedelta(minutes=5)


def facts(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def in_database(row):
    return facts(type(row)._base_manager.get(pk=row.pk))


@pytest.fixture
def letter(db):
    numbers = count()

    def letter(**values):
        return OutgoingMail.objects.create(**{
            "kind": "issued", "recipient": "id@farmacia.it", "message_id": f"<{next(numbers)}@x.example>",
            "sealed_source": b"text", "created_at": NOW, "give_up_at": NOW + timedelta(hours=1), "next_attempt_at": NOW,
            "attempts": 1, **values,
        })  # fmt: skip

    return letter


@pytest.fixture
def id_sessione(utenza, certified):
    return lambda at=NOW: issuing.issue(utenza, Context.objects.usual(), at).id_sessione


@pytest.fixture
def call(san_marco, anna):
    webhook = Webhook.objects.create(
        pharmacy=san_marco, url="https://x.example/", sealed_secret=b"", opened_at=NOW, opened_by=anna
    )

    def call(**values):
        return WebhookCall.objects.create(
            webhook=webhook, event="portale.test", body="{}", created_at=NOW, give_up_at=LATER,
            next_attempt_at=NOW, attempts=3, **values,
        )  # fmt: skip

    return call


@pytest.fixture
def job(carla, san_marco):
    def job(**values):
        row = BulkJob.objects.create(act="revoke", asked_for="", asked_by=carla, asked_at=NOW, total=1, **values)
        BulkItem.objects.create(job=row, pharmacy=san_marco, number=0, failed_at=NOW)
        return row

    return job


VERBS = {
    "id: revoke": ("id_sessione", {}, lambda row: row.revoke(SOON)),
    "id: first use": ("id_sessione", {}, lambda row: row.mark_used(SOON, "203.0.113.9", b"f" * 32)),
    "id: first use, nothing proved": ("id_sessione", {}, lambda row: row.mark_used(SOON, None, None)),
    "letter: accept": ("letter", {"leased_until": SOON, "reason": "full"}, lambda row: row.accept(NOW, "250 Ok")),
    "letter: accept after a report": (
        "letter", {"failed_at": NOW, "returned_at": NOW, "last_answer": "550 no"}, lambda row: row.accept(NOW, "250 Ok"),
    ),
    "letter: fail": ("letter", {"leased_until": SOON}, lambda row: row.fail(NOW, "550 no", "nobody")),
    "letter: came_back": ("letter", {"accepted_at": NOW}, lambda row: row.came_back(SOON, "550 no", "nobody")),
    "letter: arrived": ("letter", {"accepted_at": NOW}, lambda row: row.arrived(SOON)),
    "letter: retry": ("letter", {"failed_at": NOW, "leased_until": NOW}, lambda row: row.retry(SOON)),
    "letter: cancel": ("letter", {}, lambda row: row.cancel(NOW)),
    "letter: cancel a refused one": ("letter", {"failed_at": NOW}, lambda row: row._withdraw_from(OutgoingMail.objects.all(), SOON)),
    "letter: postpone": ("letter", {"leased_until": SOON}, lambda row: row.postpone(LATER, "450 busy", "full")),
    "call: accept": ("call", {"leased_until": SOON}, lambda row: row.accept(NOW, "200")),
    "call: fail": ("call", {"leased_until": SOON}, lambda row: row.fail(NOW, "410")),
    "call: postpone": ("call", {"leased_until": SOON}, lambda row: row.postpone(LATER, "503")),
    "call: retry": ("call", {"failed_at": NOW}, lambda row: row.retry(SOON, timedelta(hours=1))),
    "job: stop": ("job", {}, lambda row: row.stop(SOON, "because")),
    "job: retry": ("job", {"finished_at": SOON}, lambda row: row.retry()),
}  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
def test_the_object_is_what_the_row_is(verb, request):
    fixture, values, act = VERBS[verb]
    row = request.getfixturevalue(fixture)(**values)
    before = in_database(row)
    act(row)
    assert facts(row) == in_database(row) != before


def test_a_note_that_is_closed(san_marco, carla):
    note = SupportNote.objects.write(san_marco, "richiamare", carla, NOW)
    assert note.close("fatto", carla, SOON)
    assert facts(note) == in_database(note)
    assert note.closed_at == SOON
    again = SupportNote.objects.get(pk=note.pk)
    assert not again.close("di nuovo", carla, LATER)
    assert facts(again) == in_database(again)


def test_a_report_that_is_decided(letter):
    UnreadReport.objects.keep(letter(), b"raw", NOW, subject="", sender_domain="")
    report = UnreadReport.objects.get()
    assert report.decide(UnreadReport.ReportDecision.NOTHING, SOON)
    assert facts(report) == in_database(report)
    assert report.sealed_source is None


@pytest.mark.parametrize("ticket", ["good", "bad"])
def test_a_card_that_is_taken_or_refused(ticket):
    login, _ = LoginTransaction.begin("cns", "browser", "/", NOW)
    login.ticket_hash, login.ticket_expires_at, login.sealed_card = keyed_hash("login-ticket", "good"), SOON, b"card"
    login.save()
    assert login.take_card(ticket, NOW) == (b"card" if ticket == "good" else None)
    assert facts(login) == in_database(login)
    assert login.sealed_card is None


def test_an_operator_who_is_put_out_and_in_again(carla):
    other = User.objects.create_staff("dino", "una password lunga", roles=["lettura"])
    accounts.disable(other, carla, "", NOW)
    assert facts(other) == in_database(other)
    assert not other.is_active
    accounts.enable(other, carla, "", NOW)
    assert facts(other) == in_database(other)
    assert other.is_active


def test_a_row_that_another_took_leaves_the_object_alone(letter):
    leased = letter(leased_until=SOON)
    OutgoingMail.objects.filter(pk=leased.pk).update(leased_until=LATER)
    assert not update_row(leased, leased._leased(), last_answer="mine")
    assert leased.last_answer == ""


def test_a_retry_that_the_rules_forbid_withdraws_the_object_too(letter, monkeypatch):
    monkeypatch.setattr(forbidding, "_rules", [lambda letters, now: {letter.pk for letter in letters}])
    row = letter()
    assert not row.retry(NOW)
    assert facts(row) == in_database(row)
    assert (row.withdrawn_at, row.sealed_source) == (NOW, None)


# Hand-written statements, each compared with the ORM's.


def twins(make, act_by_hand, act_by_orm, without):
    """The values of two rows, one written by hand and one by the ORM."""
    left, right = make(), make()
    act_by_hand(left)
    act_by_orm(type(left).objects.filter(pk=right.pk))
    return [{name: value for name, value in in_database(row).items() if name not in without} for row in (left, right)]


@pytest.mark.parametrize("returned_at", [None, NOW])
def test_accept_is_what_the_orm_would_write(letter, returned_at):
    came_back = {"failed_at": returned_at, "returned_at": returned_at, "last_answer": "550 no", "reason": "nobody"}
    was_first = When(returned_at=None, then=Value("250 Ok"))
    left, right = twins(
        lambda: letter(leased_until=SOON, **came_back),
        lambda row: row.accept(NOW, "250 Ok"),
        lambda rows: rows.filter(accepted_at=None).update(
            accepted_at=NOW, failed_at=F("returned_at"), withdrawn_at=None, leased_until=None, sealed_source=None,
            last_answer=Case(was_first, default=F("last_answer")),
            reason=Case(When(returned_at=None, then=Value("")), default=F("reason")),
        ),
        without={"id", "message_id"},
    )  # fmt: skip
    assert left == right


@pytest.fixture
def two_ids(id_sessione, letter):
    """Two ids of the same moment in two contexts: neither replaces the other."""
    first = id_sessione()
    number = iter(range(9))

    def make():
        context = Context.objects.create(contesto=f"C{next(number)}", applicazione="")
        row = IdSessione.objects.get(pk=first.pk)
        row.pk, row.context, row.digest = None, context, sha256(context.contesto.encode()).digest()
        row.first_used_at = None
        row.save(force_insert=True)
        return row

    return make


ONE_OF_TWO = {"id", "digest", "context_id"}


def test_revoke_is_what_the_orm_would_write(two_ids):
    left, right = twins(
        two_ids, lambda row: row.revoke(SOON), lambda rows: rows.update(revoked_at=SOON, sealed=None, replaced_by=None),
        without=ONE_OF_TWO,
    )  # fmt: skip
    assert left == right
    assert left["revoked_at"] == SOON


def test_a_use_is_what_the_orm_would_write(two_ids):
    left, right = twins(
        two_ids,
        lambda row: row.mark_used(SOON, "203.0.113.9", b"f" * 32),
        lambda rows: rows.update(
            used_from="203.0.113.9", first_used_at=SOON, fingerprint=b"f" * 32, service_fingerprint=b"f" * 32
        ),
        without=ONE_OF_TWO,
    )
    assert left == right


def test_a_later_use_keeps_the_first_and_what_was_proved(two_ids):
    row = two_ids()
    row.mark_used(SOON, "203.0.113.9", b"f" * 32)
    row.mark_used(LATER, "203.0.113.10", None)
    assert facts(row) == in_database(row)
    assert (row.first_used_at, row.fingerprint, row.used_from) == (SOON, b"f" * 32, "203.0.113.10")


def test_the_outlived_are_those_that_the_orm_would_mark(two_ids):
    older = [two_ids() for _ in range(3)]
    IdSessione.objects.filter(pk=older[1].pk).update(revoked_at=SOON)
    newest = two_ids()
    IdSessione.objects.filter(pk=newest.pk).update(expires_at=newest.expires_at + timedelta(hours=1))
    newest.refresh_from_db()
    wanted = IdSessione.objects.filter(
        pharmacy=newest.pharmacy_id, revoked_at=None, outlived_at=None, expires_at__lte=newest.expires_at
    ).exclude(pk=newest.pk)
    keys = set(wanted.values_list("pk", flat=True))
    assert IdSessione.objects.outlived_by(newest, SOON) == len(keys) > 1
    assert set(IdSessione.objects.filter(outlived_at=SOON).values_list("pk", flat=True)) == keys
