"""The archive shows stored rows, masked and read-only, to administrators of the whole nation."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from pharmacies.models import Office
from portal.identity.models import User
from portal.journal.models import Entry
from portal.outbox.models import OutgoingMail
from sessions.models import Reminder
from sessions.staff.archive.site import site
from tests.conftest import ANNA
from tests.sessions.staff.conftest import rows

pytestmark = pytest.mark.django_db
ARCHIVE = "/operatori/archivio/"
SLUGS = [shown.slug for shown in site.by_slug.values()]
ADDRESS = "idsessione@farmaciasanmarco.it"
NEVER = (
    "password",
    "pincode",
    "digest",
    "sealed",
    "fingerprint",
    "service_fingerprint",
    "hash",
    "message_id",
    "codice_fiscale",
    "address_key",
)


@pytest.fixture
def admin(operator) -> Client:
    return operator("amministrazione")


@pytest.fixture
def kept(san_marco, anna, certified, utenza, give_id):
    """A row of every model in the archive."""
    given = give_id(san_marco)
    Reminder.objects.create(id_sessione=given, pharmacy=san_marco, minutes_before=60, due_at=timezone.now())
    OutgoingMail.objects.update(recipient=ADDRESS, last_answer=f"550 <{ADDRESS}> 314159 unknown")
    assert Office.objects.filter(codice_fiscale=ANNA).exists()
    return given


def every_page(client: Client) -> dict[str, str]:
    """Each list and the newest row of each, by address."""
    pages = {}
    for slug, shown in site.by_slug.items():
        newest = shown.model.objects.filter(**({"is_staff": True} if shown.model is User else {})).latest("pk")
        for address in (f"{ARCHIVE}{slug}/", f"{ARCHIVE}{slug}/{newest.pk}/"):
            answer = client.get(address)
            assert answer.status_code == 200, address
            pages[address] = answer.content.decode()
    return pages


def test_every_model_has_its_list_and_its_rows(admin, kept):
    index = admin.get(ARCHIVE).content.decode()
    Entry.objects.create(at=timezone.now(), actor_name=ANNA, verb="id.issued")
    pages = every_page(admin)
    assert len(pages) == 2 * len(SLUGS) == 20
    assert all(f'href="{ARCHIVE}{slug}/"' in index for slug in SLUGS)


def test_no_whole_address_codice_fiscale_code_or_hash_is_shown(admin, kept, utenza):
    Entry.objects.create(at=timezone.now(), actor_name=ANNA, verb="id.issued", detail={"address": ADDRESS})
    pages = every_page(admin)
    for secret in (ADDRESS, ANNA, utenza.password, utenza.pincode, kept.digest.hex(), "314159", "argon2"):
        assert [address for address, page in pages.items() if secret in page] == [], secret
    assert "id•••@farmaciasanmarco.it" in pages[f"{ARCHIVE}certificazioni/"]
    assert "RSS" in pages[f"{ARCHIVE}incarichi/"]


def test_an_account_of_a_gestionale_that_is_a_codice_fiscale_is_masked(admin, kept, utenza):
    kept.utenza.user_id = ANNA
    kept.utenza.save()
    pages = every_page(admin)
    assert [address for address, page in pages.items() if ANNA in page] == []
    assert "RSS•••" in pages[f"{ARCHIVE}utenze/"]
    assert "RSS•••" in pages[f"{ARCHIVE}id-sessione/{kept.pk}/"]


def test_no_column_that_is_secret_is_named():
    named = {name for shown in site.by_slug.values() for name in (*shown.list_display, *shown.fields)}
    assert {name for name in named - {"password_changed_at"} if any(word in name for word in NEVER)} == set()


def test_a_person_of_a_pharmacy_is_no_account_of_the_staff(admin, anna):
    assert admin.get(f"{ARCHIVE}operatori/{anna.pk}/").status_code == 404
    assert "Anna" not in admin.get(f"{ARCHIVE}operatori/").content.decode()


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_can_be_written(admin, kept, method):
    before = OutgoingMail.objects.values().get(pk=kept.letter_id)
    for address in (ARCHIVE, f"{ARCHIVE}messaggi/", f"{ARCHIVE}messaggi/{kept.letter_id}/"):
        assert getattr(admin, method)(address, {"action": "delete_selected"}).status_code == 405
    assert OutgoingMail.objects.values().get(pk=kept.letter_id) == before
    assert admin.get(f"{ARCHIVE}messaggi/add/").status_code == 404
    assert admin.get(f"{ARCHIVE}messaggi/{kept.letter_id}/delete/").status_code == 404


def test_the_register_of_django_allows_to_look_and_nothing_else(rf, carla):
    request = rf.get(ARCHIVE)
    request.user = carla
    carla.is_verified = lambda: True
    for shown in site.by_slug.values():
        assert shown.get_model_perms(request) == {"add": False, "change": False, "delete": False, "view": True}
        assert shown.get_actions(request) == {}


def test_the_declarations_pass_the_checks_of_django():
    assert site.check(None) == []


def test_an_operator_limited_to_a_territory_is_refused(operator, kept):
    limited = operator("amministrazione", limited_to=["042"])
    pages = [ARCHIVE, f"{ARCHIVE}farmacie/", f"{ARCHIVE}farmacie/{kept.pharmacy_id}/"]
    assert {limited.get(page).status_code for page in pages} == {403}
    assert "senza limiti di territorio" in limited.get(ARCHIVE).content.decode()


def test_without_the_second_factor_nobody_looks(client, carla, kept):
    client.force_login(carla, backend="portal.identity.backends.StaffBackend")
    assert client.get(f"{ARCHIVE}farmacie/").status_code == 403


def test_it_is_found_by_code_of_the_pharmacy_only(admin, kept, give_id):
    give_id(name="Dolomiti")
    found = admin.get(f"{ARCHIVE}id-sessione/?farmacia={kept.pharmacy.code}").content.decode()
    assert kept.pharmacy.display_name in found
    assert "Dolomiti" not in found
    everything = rows(admin.get(f"{ARCHIVE}id-sessione/").content.decode())
    assert len(everything) == 2
    for query in ("q=Dolomiti", "digest__startswith=a", "utenza__codice_fiscale=X", "o=1"):
        assert rows(admin.get(f"{ARCHIVE}id-sessione/?{query}").content.decode()) == everything


@pytest.mark.parametrize("typed", [ANNA, ADDRESS])
def test_what_is_of_a_person_cannot_be_searched(admin, kept, typed):
    answer = admin.get(f"{ARCHIVE}incarichi/", {"farmacia": typed})
    assert "Codice farmacia" in answer.content.decode()
    assert "Nessuna riga" in answer.content.decode()
    assert 'maxlength="10"' in answer.content.decode()


def test_a_row_of_a_person_that_is_opened_is_in_the_journal(admin, kept):
    admin.get(f"{ARCHIVE}certificazioni/")
    admin.get(f"{ARCHIVE}farmacie/{kept.pharmacy_id}/")
    assert not Entry.objects.exists()
    admin.get(f"{ARCHIVE}certificazioni/{kept.certification_id}/")
    line = Entry.objects.get()
    assert line.verb == "archive.opened"
    assert line.subject == f"pharmacies.mailcertification:{kept.certification_id}"
    assert (
        line.sentence
        == f"ha aperto una riga dell’archivio (Certificazioni degli indirizzi, numero {kept.certification_id})"
    )


def test_a_row_that_is_not_there_is_told_and_not_written(admin, kept):
    assert admin.get(f"{ARCHIVE}certificazioni/999999/").status_code == 404
    assert admin.get(f"{ARCHIVE}altro/").status_code == 404
    assert not Entry.objects.exists()


def test_a_list_costs_the_same_however_long(admin, give_id, django_assert_max_num_queries):
    for _ in range(8):
        give_id(left=timedelta(hours=5))
    for slug in SLUGS:
        with django_assert_max_num_queries(14):
            admin.get(f"{ARCHIVE}{slug}/")


def test_the_desk_links_to_it_for_who_may(operator):
    link = f'href="{ARCHIVE}"'
    desk = "/operatori/stato-sessioni/"
    assert link in operator("amministrazione").get(desk).content.decode()
    assert link not in operator("sicurezza").get(desk).content.decode()
    assert link not in operator("amministrazione", limited_to=["042"]).get(desk).content.decode()
