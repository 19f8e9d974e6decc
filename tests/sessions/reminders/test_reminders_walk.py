"""Every id gets a reminder, for any sequence of saved choices, changed addresses, failing mailboxes and rounds."""

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pharmacies.models import MailCertification
from sessions.ids import issuing
from sessions.ids.withdrawing import say_elsewhere
from sessions.models import Reminder
from sessions.reminders import planning, sending
from sessions.reminders.planning import Wishes, choose
from tests.sessions.conftest import MORNING
from tests.sessions.reminders.test_reminders_kept import ALWAYS, MIN, refuse, save

acts = st.tuples(
    st.sampled_from(["preferences", "hours", "no hours", "nights", "webhook", "change", "refuse", "works", "round"]),
    st.integers(1, 150),  # minutes before it
    st.sampled_from([15, 30, 60, 90, 120]),
)


@pytest.mark.processes
@settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(acts=st.lists(acts, max_size=12), hours=st.sampled_from([1, 3, 16]))
def test_every_id_of_a_reachable_pharmacy_is_spoken_of_once_or_more(
    acts, hours, utenza, certified, context, san_marco, anna, carla
) -> None:
    """Before its end; after it when the pharmacy was unreachable until then."""
    context.hours = hours
    context.save()  # before the transaction that the watcher of locks follows
    with transaction.atomic():
        row, now = issuing.issue(utenza, context, MORNING).id_sessione, MORNING
        for verb, minutes, lead in acts:
            if now + minutes * MIN >= row.expires_at:
                break
            now += minutes * MIN
            happen(verb, lead, san_marco, anna, carla, now)
        current = MailCertification.objects.current().get()
        reachable_at_the_end = current.undeliverable_at is None
        while now < row.expires_at + 30 * MIN:
            sending.send_due(now)
            now += 30 * MIN
        letters_of_it = Reminder.objects.by_mail().sent().filter(id_sessione=row)
        assert letters_of_it.exists() or not reachable_at_the_end
        assert not Reminder.objects.filter(settled_at=None, due_at__lte=now).exists()
        transaction.set_rollback(True)


def happen(verb, lead, pharmacy, anna, carla, now) -> None:
    current = MailCertification.objects.current().get()
    if verb == "preferences":
        choose(pharmacy, Wishes([lead], False), anna, now)
    elif verb == "hours":
        planning.set_hours(pharmacy, ALWAYS, anna, now)
    elif verb == "no hours":
        planning.set_hours(pharmacy, None, anna, now)
    elif verb == "change":
        address = f"id{now:%H%M}@farmaciasanmarco.it"
        MailCertification.objects.filter(pk=current.pk).update(replaced_at=now)
        MailCertification.objects.create(
            pharmacy=pharmacy, address=address, address_key=address, requested_by=anna, requested_at=now,
            certified_at=now, certified_by=anna,
        )  # fmt: skip
        say_elsewhere(current, now)
    elif verb == "refuse":
        refuse(current, now)
    elif verb == "works":
        current.reachable_again(carla, "la casella è stata svuotata", now)
    elif verb == "round":
        sending.send_due(now)
    else:
        save(verb, pharmacy, anna, now)
