"""«Pronto all’apertura»: which ids the portal asks for by itself, once for an opening, and how they are marked."""

from datetime import timedelta

import pytest

from pharmacies.models import MailCertification, Office, Utenza
from portal.journal.models import Entry
from portal.outbox.models import OutgoingMail
from sessions.hours.before_opening import sooner
from sessions.hours.week import Week
from sessions.ids import before_opening, issuing, revoking, using
from sessions.models import AskableContext, Context, IdSessione, ReadyAtOpening
from sessions.preferences import opening
from sessions.reminders import days, planning
from sessions.utenze.anomalies import is_in_a_loop
from tests.conftest import ANNA
from tests.pharmacies.letters import text_of
from tests.sessions.conftest import MORNING, make_utenza

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
NIGHT = MORNING.replace(hour=2, minute=0)  # Monday, 3:00 in Italy
OPENING = MORNING.replace(hour=7, minute=30)  # 8:30
SPLIT = ((510, 750), (930, 1170))


@pytest.fixture
def allowed(context) -> Context:
    context.before_opening = True
    context.save()
    return context


@pytest.fixture
def white(db) -> Context:
    row = Context.objects.get(contesto="RICETTA-BIANCA", applicazione="EROGATORE")
    row.before_opening = True
    row.save()
    return row


@pytest.fixture
def chosen(anna, san_marco, certified, utenza, allowed) -> ReadyAtOpening:
    """Anna's pharmacy opens at 8:30 from Monday to Saturday, chose 30 minutes, and used its utenza on Saturday."""
    planning.set_hours(san_marco, Week((SPLIT,) * 6 + ((),)), anna, NIGHT)
    issuing.issue(utenza, allowed, NIGHT - 2 * DAY, anna)
    opening.choose(san_marco, 30, anna, NIGHT)
    return ReadyAtOpening.objects.get()


def made() -> list[IdSessione]:
    return list(IdSessione.objects.filter(by_portal=True).order_by("pk"))


def due(san_marco) -> object:
    return OPENING - 30 * MINUTE - sooner(san_marco.pk)


def test_the_id_is_there_before_the_opening_and_marked(chosen, san_marco, utenza) -> None:
    at = due(san_marco)
    assert (chosen.due_at, chosen.opening_at) == (at, OPENING)
    assert before_opening.prepare_due(at - MINUTE) == 0
    assert made() == []
    assert before_opening.prepare_due(at) == 1
    (row,) = made()
    assert (row.requested_by, row.requested_from, row.requested_at, row.utenza) == (None, None, at, utenza)
    assert row.requested_by_whom == "dal portale prima dell’apertura"
    line = Entry.objects.filter(verb="id.issued").latest("pk")
    assert line.who == "Il portale"
    assert "chiesto dal portale prima dell’apertura" in line.sentence
    assert "Lo ha chiesto il portale prima dell’apertura" in text_of(row.letter)
    assert "Non lo hai richiesto?" not in text_of(row.letter)


def test_a_turn_is_taken_once_and_the_next_is_planned(chosen, san_marco) -> None:
    at = due(san_marco)
    assert [before_opening.prepare_due(at + n * MINUTE) for n in range(3)] == [1, 0, 0]
    chosen.refresh_from_db()
    assert chosen.opening_at == OPENING + 7 * HOUR  # 15:30: after the pause
    assert before_opening.prepare_due(chosen.due_at) == 1
    assert len(made()) == 1  # the id of the morning covers it
    planning.plan_again(san_marco, at + MINUTE)
    chosen.refresh_from_db()
    assert chosen.opening_at > OPENING + 7 * HOUR


def test_a_revoked_id_is_not_made_again_for_the_same_opening(chosen, san_marco, anna) -> None:
    at = due(san_marco)
    before_opening.prepare_due(at)
    revoking.revoke(made()[0], anna, at)
    planning.plan_again(san_marco, at)
    before_opening.prepare_due(OPENING - MINUTE)
    assert len(made()) == 1


def test_several_ids_share_one_letter(chosen, san_marco, utenza, white, anna) -> None:
    issuing.issue(utenza, white, NIGHT - 2 * DAY, anna)
    before = OutgoingMail.objects.count()
    before_opening.prepare_due(due(san_marco))
    assert {row.context for row in made()} == {white, Context.objects.usual()}
    assert len({row.letter_id for row in made()}) == 1
    assert OutgoingMail.objects.count() == before + 1


@pytest.mark.parametrize("hours_left", [0, 1])
def test_a_live_id_that_covers_the_opening_is_enough(chosen, san_marco, utenza, allowed, anna, hours_left) -> None:
    issuing.issue(utenza, allowed, OPENING - 16 * HOUR + hours_left * HOUR, anna)
    before_opening.prepare_due(due(san_marco))
    assert len(made()) == (not hours_left)  # it ends at the opening: it does not cover it


def test_the_id_in_use_stays_valid(chosen, san_marco, utenza, allowed, anna) -> None:
    in_use = issuing.issue(utenza, allowed, OPENING - 16 * HOUR, anna).id_sessione
    using.use(in_use, OPENING - 15 * HOUR)
    at = due(san_marco)
    before_opening.prepare_due(at)
    in_use.refresh_from_db()
    assert len(made()) == 1
    assert in_use.is_live(at)


@pytest.mark.parametrize(
    "why_not", ["not allowed", "replace", "closed to new", "site", "unused", "disabled", "no address", "closed"]
)
def test_no_id_is_made_where_it_may_not(chosen, san_marco, utenza, allowed, certified, why_not) -> None:
    if why_not == "not allowed":
        Context.objects.filter(pk=allowed.pk).update(before_opening=False)
    if why_not == "replace":
        Context.objects.filter(pk=allowed.pk).update(policy="replace")
    if why_not == "closed to new":
        Context.objects.filter(pk=allowed.pk).update(closed_to_new=True)
    if why_not == "site":
        AskableContext.objects.filter(context=allowed).delete()
    if why_not == "unused":
        IdSessione.objects.update(requested_at=NIGHT - 31 * DAY, expires_at=NIGHT - 30 * DAY)
    if why_not == "disabled":
        Utenza.objects.update(disabled_at=NIGHT)
    if why_not == "no address":
        MailCertification.objects.update(revoked_at=NIGHT)
    if why_not == "closed":
        san_marco.closed_on = NIGHT.date()
        san_marco.save()
    assert before_opening.prepare_due(due(san_marco)) == 1
    assert made() == []


def test_an_utenza_at_rest_gets_no_ids_for_ever(chosen, san_marco, anna) -> None:
    """An id that the portal asked for is no use of the utenza: after 30 days without a person or a gestionale it stops."""
    now, days_with_an_id = due(san_marco), []
    for _ in range(80):
        before_opening.prepare_due(now)
        chosen.refresh_from_db()
        now = chosen.due_at
    days_with_an_id = [row.requested_at.date() for row in made()]
    assert max(days_with_an_id) <= (NIGHT - 2 * DAY + 30 * DAY).date()
    assert len(days_with_an_id) == len(set(days_with_an_id)) > 20
    assert all(day.weekday() != 6 for day in days_with_an_id)


def test_an_id_of_the_portal_that_was_used_counts_as_use(chosen, san_marco) -> None:
    at = due(san_marco)
    before_opening.prepare_due(at)
    IdSessione.objects.filter(by_portal=False).update(requested_at=at - 40 * DAY, expires_at=at - 39 * DAY)
    assert before_opening.needed(san_marco, OPENING + DAY, at + DAY) == []
    using.use(made()[0], at)
    assert len(before_opening.needed(san_marco, OPENING + DAY, at + DAY)) == 1


def test_after_an_outage_a_turn_whose_opening_is_over_makes_nothing(chosen) -> None:
    assert before_opening.prepare_due(OPENING) == 1
    assert made() == []
    chosen.refresh_from_db()
    assert chosen.opening_at == OPENING + 7 * HOUR


def test_a_closure_and_a_duty_move_the_turn(chosen, san_marco, anna) -> None:
    today = OPENING.date()
    closure = days.add_closure(san_marco, today, today, anna, NIGHT)
    chosen.refresh_from_db()
    assert chosen.opening_at == OPENING + DAY
    days.add_day_duties(san_marco, [today], ((600, 720),), anna, NIGHT)
    chosen.refresh_from_db()
    assert chosen.opening_at == OPENING + 1.5 * HOUR  # 10:00
    days.remove_closure(san_marco, closure.pk, anna, NIGHT)
    planning.set_hours(san_marco, None, anna, NIGHT)
    chosen.refresh_from_db()
    assert chosen.due_at is None


def test_a_holiday_has_no_turn(chosen, san_marco, anna) -> None:
    christmas_eve = NIGHT.replace(month=12, day=24, hour=20)
    planning.plan_again(san_marco, christmas_eve)
    chosen.refresh_from_db()
    assert chosen.opening_at == christmas_eve.replace(day=28, hour=7, minute=30)  # 26 is a holiday, 27 a Sunday


def test_without_a_holder_it_stops(chosen, san_marco, settings) -> None:
    Office.objects.filter(pharmacy=san_marco, codice_fiscale=ANNA).update(until=NIGHT - settings.SUCCESSION_FOR)
    assert before_opening.prepare_due(due(san_marco)) == 0


def test_a_pharmacy_that_fails_does_not_stop_the_others(chosen, san_marco, al_redentore, anna, monkeypatch) -> None:
    at = due(san_marco)
    ReadyAtOpening.objects.create(
        pharmacy=al_redentore, minutes=15, chosen_by=anna, chosen_at=NIGHT, due_at=NIGHT, opening_at=at + HOUR
    )
    make = before_opening._make

    def failing(pharmacy, *args):
        if pharmacy == al_redentore:
            raise ValueError
        return make(pharmacy, *args)

    monkeypatch.setattr(before_opening, "_make", failing)
    assert before_opening.prepare_due(at) == 1
    assert len(made()) == 1
    other = ReadyAtOpening.objects.get(pharmacy=al_redentore)
    assert (other.due_at, other.handled_until) == (at + before_opening.TRY_AGAIN_AFTER, None)


def test_a_worker_that_dies_in_a_turn_leaves_nothing_half_done(chosen, san_marco, monkeypatch) -> None:
    """The last statement of the turn fails, as when the process is killed before its COMMIT."""
    at, letters, lines = due(san_marco), OutgoingMail.objects.count(), Entry.objects.count()
    with monkeypatch.context() as patch:
        patch.setattr("sessions.ids.issuing.record", lambda *args, **kwargs: 1 / 0)
        before_opening.prepare_due(at)
    assert (made(), OutgoingMail.objects.count(), Entry.objects.count()) == ([], letters, lines)
    before_opening.prepare_due(at + before_opening.TRY_AGAIN_AFTER)
    assert len(made()) == 1


def test_a_round_is_bounded(chosen, san_marco, utenza, allowed, anna) -> None:
    assert before_opening.prepare_due(due(san_marco), limit=0) == 0
    make_utenza("ALTRA", san_marco)  # never used
    assert before_opening.prepare_due(due(san_marco), limit=1) == 1
    assert [row.utenza for row in made()] == [utenza]


def test_ids_of_the_portal_are_no_loop_of_the_gestionale(chosen, utenza, allowed) -> None:
    IdSessione.objects.update(by_portal=True, requested_at=NIGHT, expires_at=NIGHT + HOUR)
    assert not is_in_a_loop(utenza, allowed, NIGHT)
