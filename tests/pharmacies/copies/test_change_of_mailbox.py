"""A person names another mailbox for the copies: the earlier one gets them until the new one is confirmed."""

from datetime import UTC, datetime

from django.urls import reverse

from pharmacies.models import CopyMailbox
from portal.journal.models import Entry
from tests.pharmacies.copies.acts import BOX, name, now_in_force, row, type_code
from tests.pharmacies.copy_mailboxes import copies_to
from tests.pharmacies.letters import last_code
from tests.pharmacies.pages import content

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def test_an_older_address_of_an_unknown_hand_is_the_holders_to_confirm_or_replace(
    anna_client, anna, certified, san_marco
):
    copies_to(BOX, san_marco, None, LONG_AGO)
    name(anna_client, "altra@example.it")
    assert now_in_force(san_marco) == {san_marco.pk: BOX}
    type_code(anna_client, last_code())
    assert (row().address, row().person) == ("altra@example.it", anna)


def test_the_earlier_mailbox_gets_the_copies_until_the_code_of_the_new_one_is_typed(
    anna_client, anna, certified, san_marco
):
    copies_to(BOX, san_marco, anna, LONG_AGO)
    page = content(name(anna_client, "altra@example.it"))
    assert "Abbiamo inviato un codice a" in page
    assert f"Fino ad allora arrivano a {BOX}" in page
    assert now_in_force(san_marco) == {san_marco.pk: BOX}
    type_code(anna_client, last_code())
    assert now_in_force(san_marco) == {san_marco.pk: "altra@example.it"}
    assert row().address == "altra@example.it"
    assert Entry.objects.filter(verb="copy.stopped").exists()


def test_a_change_is_given_up_by_naming_the_mailbox_in_use_or_by_the_button(anna_client, anna, certified, san_marco):
    copies_to(BOX, san_marco, anna, LONG_AGO)
    name(anna_client, "altra@example.it")
    name(anna_client)
    assert row().address == BOX
    name(anna_client, "terza@example.it")
    to_confirm = CopyMailbox.objects.open().get(confirmed_at=None)
    anna_client.post(reverse("pharmacies:copies_stop", args=["4512", to_confirm.pk]))
    assert now_in_force(san_marco) == {san_marco.pk: BOX}
    name(anna_client, "quarta@example.it")
    name(anna_client, "quinta@example.it")
    assert {found.address for found in CopyMailbox.objects.open()} == {BOX, "quinta@example.it"}
