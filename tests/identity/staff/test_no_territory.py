"""An operator has no territory until somebody chooses one: «tutta l’Italia» is said, never assumed."""

import re
from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.utils import timezone

from pharmacies.models import AslOfComune, Pharmacy, Utenza
from pharmacies.models.pharmacy import within
from portal.identity.models import User
from portal.identity.roles import StaffRole
from portal.identity.staff import accounts
from portal.identity.territory import NOWHERE, Territory
from tests.conftest import sign_in_staff
from tests.identity.staff.test_operators import ALL, NEW, OLGA, page_of
from tests.identity.staff.test_operators_reach import staff
from tests.sessions.staff.test_who_may_do_what import answers

pytestmark = pytest.mark.django_db
WITHOUT = "non ha ancora un territorio"


def nowhere(*roles: str) -> User:
    return User.objects.create_staff("nuovo", "una password lunga", "Nuovo", "Blu", roles=roles, whole_nation=False)


def new_operator(admin: Client, **fields: str) -> User:
    admin.post(NEW, {**OLGA, "territory": "", **fields})
    return User.objects.get(username="olga")


def test_a_new_operator_without_a_choice_has_no_territory(operator):
    olga = new_operator(operator("amministrazione"))
    assert (olga.limited_to, olga.whole_nation, olga.territory) == ([], False, NOWHERE)


def test_the_whole_nation_is_a_choice(operator):
    assert new_operator(operator("amministrazione"), whole_nation="on").territory == Territory()


def test_a_choice_of_places_takes_the_whole_nation_away(operator):
    admin, olga = operator("amministrazione"), staff("olga")
    box = re.search(r'<input[^>]*name="whole_nation"[^>]*>', admin.get(page_of(olga)).content.decode())
    assert " checked" in box[0]
    admin.post(page_of(olga), {**OLGA, "territory": "042"})
    assert User.objects.get(pk=olga.pk).territory == Territory.of(["042"])


def test_places_win_over_the_whole_nation_in_a_row_that_has_both(db):
    assert User(is_staff=True, whole_nation=True, limited_to=["042"]).territory == Territory.of(["042"])
    assert User(is_staff=True).territory == NOWHERE


def test_no_territory_contains_no_pharmacy(san_marco, utenza):
    Pharmacy.objects.create(code="77", name="Senza regione", comune="VENARIA")
    assert not Pharmacy.objects.filter(within(NOWHERE)).exists()
    assert not Pharmacy.objects.visible_to(nowhere()).exists()
    assert not Utenza.objects.filter(within(NOWHERE, "pharmacy__")).exists()


def test_pages_about_a_pharmacy_do_not_exist_without_a_territory(san_marco):
    client = sign_in_staff(Client(), nowhere(*StaffRole.values))
    assert set(answers(client, with_code=True).values()) <= {404, 405}


def test_every_other_page_opens_empty_or_is_refused(san_marco, certified, utenza):
    client = sign_in_staff(Client(), nowhere(*StaffRole.values))
    for (method, name), status in answers(client).items():
        assert status in {200, 302, 403, 404, 405}, (method, name, status)
    for page in ("/operatori/stato-sessioni/?stato=tutte", "/operatori/posta/", "/operatori/registro/", ALL):
        html = client.get(page).content.decode()
        assert WITHOUT in html
        assert "chi amministra gli operatori per tutta l’Italia" in html
        assert "San Marco" not in html
    assert "nessun territorio" in client.get("/operatori/mio-accesso/").content.decode()


def test_what_holds_for_the_whole_nation_is_closed_without_a_territory(operator):
    client = sign_in_staff(Client(), nowhere(*StaffRole.values))
    assert {client.get(f"/operatori/{page}/").status_code for page in ("contesti", "certificati", "archivio")} <= {
        403,
        404,
    }


def test_who_has_a_territory_reads_no_such_sentence(operator, san_marco):
    for client in (operator("lettura"), operator("lettura", limited_to=["010"])):
        assert WITHOUT not in client.get("/operatori/stato-sessioni/").content.decode()


def test_an_administrator_without_a_territory_manages_nobody(operator):
    client, olga = sign_in_staff(Client(), nowhere("amministrazione")), nowhere_named("olga")
    assert "Olga" not in client.get(ALL).content.decode()
    assert client.post(page_of(olga, "disabilita/"), {"motivo": "x"}).status_code == 404
    for territory in ({"territory": ""}, {"territory": "042"}, {"territory": "", "whole_nation": "on"}):
        client.post(NEW, {**OLGA, "username": "altra", **territory})
    assert not User.objects.filter(username="altra").exists()


def test_a_regional_administrator_neither_sees_nor_makes_an_operator_without_a_territory(operator):
    regional, olga = operator("amministrazione", "assistenza", limited_to=["042"]), nowhere_named("olga")
    assert "Olga" not in regional.get(ALL).content.decode()
    assert regional.get(page_of(olga)).status_code == 404
    regional.post(NEW, {**OLGA, "username": "altra", "territory": "", "whole_nation": "on"})
    assert not User.objects.filter(username="altra").exists()
    by = User.objects.get(limited_to=["042"])
    with pytest.raises(accounts.OutOfReach):
        accounts.create("altra", ("A", "B"), [], [], by, timezone.now(), whole_nation=True)
    with pytest.raises(accounts.OutOfReach):
        accounts.create("altra", ("A", "B"), [], [], by, timezone.now())


def test_lists_of_two_territories_are_not_kept_together(settings, operator, san_marco):
    """An operator without a territory does not see what the whole nation read a moment ago."""
    settings.DESK_KEPT_FOR = timedelta(minutes=5)
    page = "/operatori/stato-sessioni/?stato=tutte"
    assert "Prov. Auton. Trento" in operator("lettura").get(page).content.decode()
    assert "Prov. Auton. Trento" not in sign_in_staff(Client(), nowhere("lettura")).get(page).content.decode()


def test_a_session_that_is_open_follows_the_new_choice(operator, san_marco):
    admin, olga = operator("amministrazione"), staff("olga", "lettura")
    there = sign_in_staff(Client(), olga)
    assert there.get("/operatori/stato-sessioni/4512/").status_code == 200
    admin.post(page_of(olga), {**OLGA, "territory": ""})
    assert there.get("/operatori/stato-sessioni/4512/").status_code == 404
    admin.post(page_of(olga), {**OLGA, "territory": "042"})
    assert there.get("/operatori/stato-sessioni/4512/").status_code == 200


def test_the_migration_keeps_the_whole_nation_of_the_operators_of_before(anna):
    staff("ada"), staff("bea", places=("042",))
    User.objects.update(whole_nation=False)
    migration = import_module("portal.identity.migrations.0005_whole_nation")
    migration.keep(apps, SimpleNamespace(connection=connection))
    assert set(User.objects.filter(whole_nation=True).values_list("username", flat=True)) == {"ada"}


def test_an_asl_that_nothing_names_is_refused_with_those_that_exist(operator, utenza):
    AslOfComune.objects.create(
        catasto="L378", comune="TRENTO", region_code="042", asl_code="203", loaded_at=timezone.now()
    )
    admin = operator("amministrazione")
    page = admin.post(NEW, {**OLGA, "territory": "042-999"}).content.decode()
    assert "La ASL «042-999» non esiste. Le ASL di questa regione sono: 042-001, 042-203." in page
    assert not User.objects.filter(username="olga").exists()
    admin.post(NEW, {**OLGA, "territory": "042-203 042-001"})
    assert User.objects.get(username="olga").limited_to == ["042-001", "042-203"]


def nowhere_named(username: str) -> User:
    user = staff(username, "lettura")
    User.objects.filter(pk=user.pk).update(whole_nation=False)
    return User.objects.get(pk=user.pk)
