"""Administrators manage the accounts of the staff, and never their own."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from portal.identity.models import StaffRecoveryCode, StaffTotp, User
from portal.identity.staff import accounts
from portal.journal.models import Entry
from tests.conftest import sign_in_staff
from tests.identity.staff.staff_door import give_password

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.identity.guarded_urls")]
ALL, NEW, STAFF = "/operatori/utenti/", "/operatori/utenti/nuovo/", "/guarded/staff/"
OLGA = {
    "username": "olga",
    "given_name": "Olga",
    "family_name": "Blu",
    "roles": ["assistenza"],
    "territory": "042 010-301",
}


@pytest.fixture
def admin(operator) -> Client:
    return operator("amministrazione")


@pytest.fixture
def olga() -> User:
    return User.objects.create_staff("olga", "una password lunga", "Olga", "Blu", roles=["assistenza"])


def page_of(user: User, act: str = "") -> str:
    return f"{ALL}{user.pk}/{act}"


def password_on(page: str) -> str:
    return re.search(r"\b(?:[2-9A-Z]{4}-){3}[2-9A-Z]{4}\b", page)[0]


def test_a_new_operator_gets_roles_territory_and_a_password_to_be_told_once(admin):
    page = admin.post(NEW, OLGA).content.decode()
    olga = User.objects.get(username="olga")
    assert (olga.roles, olga.limited_to) == ({"assistenza", "lettura"}, ["010-301", "042"])
    assert give_password(Client(), password_on(page), "olga").status_code == 302
    line = Entry.objects.get(verb="staff.created")
    assert line.sentence == "ha creato l’operatore olga (assistenza; 010-301 042)"
    assert password_on(page) not in str(line.detail)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("username", "", "Scrivi il nome utente"),
        ("username", "Olga Blu", "lettere minuscole"),
        ("username", "rssnna80a41h501l", "Un codice fiscale non è un nome utente"),
        ("username", "oriana-amministrazione", "c’è già"),
        ("given_name", "", "Scrivi il nome"),
        ("territory", "Trento", "«Trento» non è un codice"),
        ("territory", "42", "«42» non è un codice"),
        ("territory", "999", "La regione «999» non esiste. Le regioni sono: 010 Piemonte, 020 Valle D&#x27;Aosta"),
        ("territory", "042 999-301", "La regione «999» non esiste"),
        ("whole_nation", "on", "Hai scelto tutta l’Italia e anche dei luoghi"),
        ("roles", ["imperatore"], "imperatore"),
    ],
)
def test_what_makes_no_sense_creates_nobody_and_says_what_is_wrong(admin, field, value, sentence):
    page = admin.post(NEW, {**OLGA, field: value}).content.decode()
    assert sentence in page
    assert "<title>Errore: " in page
    assert not User.objects.filter(given_name="Olga").exists()


def test_roles_and_territory_change_and_the_journal_says_from_what_to_what(admin, olga):
    there = sign_in_staff(Client(), olga)
    admin.post(page_of(olga), {**OLGA, "roles": ["sicurezza"], "territory": "", "whole_nation": "on"})
    assert User.objects.get(pk=olga.pk).roles == {"lettura", "sicurezza"}
    assert there.get("/guarded/sicurezza/").status_code == 200
    assert Entry.objects.get().sentence == (
        "ha cambiato l’operatore olga: da (assistenza; tutta l’Italia) a (sicurezza; tutta l’Italia)"
    )


def test_saving_without_a_change_leaves_no_line(admin, olga):
    admin.post(page_of(olga), {**OLGA, "territory": "", "whole_nation": "on"})
    assert not Entry.objects.exists()


def test_who_is_disabled_is_out_and_back_when_enabled_again(admin, olga):
    there = sign_in_staff(Client(), olga)
    assert there.get(STAFF).status_code == 200
    admin.post(page_of(olga, "disabilita/"), {"motivo": "non lavora più qui"})
    assert there.get(STAFF).status_code == 302
    assert give_password(Client(), "una password lunga", "olga").status_code == 200
    admin.post(page_of(olga, "riabilita/"), {"motivo": "è tornata"})
    assert give_password(Client(), "una password lunga", "olga").status_code == 302
    assert list(Entry.objects.order_by("pk").values_list("verb", flat=True)) == ["staff.disabled", "staff.enabled"]


def test_a_reset_leaves_no_app_no_code_and_no_session(admin, olga):
    there = sign_in_staff(Client(), olga)
    StaffRecoveryCode.renew(olga, timezone.now())
    page = admin.post(page_of(olga, "azzera/"), {"motivo": "telefono perso"}).content.decode()
    assert there.get(STAFF).status_code in (302, 403)
    assert not StaffTotp.objects.filter(user=olga).exists()
    assert not StaffRecoveryCode.objects.filter(user=olga).exists()
    assert give_password(Client(), "una password lunga", "olga").status_code == 200
    client = Client()
    give_password(client, password_on(page), "olga")
    assert client.get("/operatori/accesso/codice/")["Location"] == "/operatori/accesso/attiva/"


@pytest.mark.parametrize("act", ["", "disabilita/", "riabilita/", "azzera/"])
def test_nobody_does_it_to_oneself(admin, act):
    oneself = User.objects.get(username="oriana-amministrazione")
    answer = admin.post(page_of(oneself, act), {**OLGA, "motivo": "perché sì"})
    assert answer.status_code == 403
    assert "lo fa un altro amministratore" in answer.content.decode()
    assert not Entry.objects.exists()


def test_the_rule_holds_below_the_pages_too(olga):
    now = timezone.now() + timedelta(0)
    for act in (accounts.disable, accounts.enable, accounts.reset):
        with pytest.raises(accounts.OneselfRefused):
            act(olga, olga, "x", now)
    with pytest.raises(accounts.OneselfRefused):
        accounts.change(olga, ["sicurezza"], [], olga, now)


@pytest.mark.parametrize("act", ["disabilita/", "riabilita/", "azzera/"])
def test_without_a_reason_nothing_is_done(admin, olga, act):
    assert "Scrivi il motivo" in admin.post(page_of(olga, act), {"motivo": " "}).content.decode()
    assert not Entry.objects.exists()


def test_a_person_of_a_pharmacy_is_no_operator(admin, anna):
    assert admin.get(page_of(anna)).status_code == 404
    assert admin.post(page_of(anna, "azzera/"), {"motivo": "x"}).status_code == 404
