"""A copy of the database opens nothing: a day with every kind of secret, dumped as SQL text, searched and tried at every door."""

import base64
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp.oath import TOTP

from pharmacies.copies import leaving
from pharmacies.models import CopyMailbox, MailCertification, Utenza
from portal.identity.models import StaffRecoveryCode, StaffTotp, User
from portal.secrets.codes import digest
from portal.secrets.sealing import unseal
from portal.secrets.session_store import SessionStore
from portal.values.pasted import id_sessione
from sessions.models import IdSessione
from sessions.preferences import calendar_link, webhook_life
from sessions.semaforo import board
from sessions.semaforo import link as semaforo_link
from tests.conftest import sign_in_staff
from tests.identity import door
from tests.pharmacies import letters
from tests.sessions.soap.calls import basic
from tests.sessions.soap.conftest import certificate, gestionale  # noqa: F401

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="the dump is the SQL text of PostgreSQL"),
]
STAFF_PASSWORD, UTENZA_PASSWORD, PINCODE = "quattro cavalli al pascolo", "SALVE-Anna-2026", "1729594276"
WORDS = re.compile(r"[^\s\"',{}\[\]()]{6,200}")


def lived_day(anna: User, certified: MailCertification, utenza: Utenza) -> dict[str, str]:
    """Makes a secret of each kind, sees it work, and returns all in clear."""
    now, pharmacy, secrets = timezone.now(), certified.pharmacy, {}
    utenza.set_password(UTENZA_PASSWORD, now)
    utenza.set_pincode(PINCODE)
    utenza.save()
    asks = gestionale(utenza)
    asks.password = UTENZA_PASSWORD
    secrets["id"] = asks.create().token
    assert asks.check(secrets["id"]).done
    secrets["password"], secrets["pincode"] = UTENZA_PASSWORD, PINCODE

    person = Client()
    door.enter(person)
    assert door.signed_in(person)
    secrets["session"] = person.session.session_key
    page = f"/servizi/{pharmacy.code}/sicurezza/gestione-mail/modifica/"
    person.post(page, {"indirizzo": "nuova@farmaciasanmarco.it"}, follow=True)
    secrets["code"] = letters.last_code("nuova@farmaciasanmarco.it")

    secrets["calendar"] = calendar_link.make(pharmacy, anna, now)
    assert Client().get(reverse("calendar", args=[secrets["calendar"]])).status_code == 200
    secrets["semaforo"] = semaforo_link.make(pharmacy, anna, now)
    assert board.read(digest(secrets["semaforo"]), now) is not None
    secrets["webhook"] = webhook_life.open_at(pharmacy, "https://gestionale.example.it/", anna, now)[1]
    mailbox = CopyMailbox.objects.create(
        pharmacy=pharmacy,
        person=anna,
        address="anna@esempio.it",
        mailbox="anna@esempio.it",
        named_at=now,
        confirmed_at=now,
    )
    secrets["leave copies"] = leaving.token_of(mailbox.pk)

    staff = User.objects.create_staff("oriana", STAFF_PASSWORD, roles=["lettura"])
    assert staff.check_password(STAFF_PASSWORD)
    desk = sign_in_staff(Client(), staff)
    assert desk.get("/operatori/mio-accesso/").status_code == 200
    secrets["staff session"], secrets["staff password"] = desk.session.session_key, STAFF_PASSWORD
    app = StaffTotp.objects.get(user=staff)
    key = bytes(unseal(app.sealed_secret))
    StaffTotp.objects.filter(pk=app.pk).update(sealed_secret=app.sealed_secret)
    secrets["TOTP"] = base64.b32encode(key).decode()
    assert len(f"{TOTP(key).token():06d}") == 6
    first, second, *_ = StaffRecoveryCode.renew(staff, now)
    assert StaffRecoveryCode.use(staff, first, now)
    secrets["recovery code"] = second
    return secrets


def dumped() -> str:
    place = connection.settings_dict
    assert shutil.which("pg_dump"), "pg_dump is missing: it comes with the client of PostgreSQL"
    command = [
        "pg_dump", "--data-only", "--inserts", "-h", place["HOST"] or "/var/run/postgresql", "-p", str(place["PORT"] or 5432),
        "-U", place["USER"], place["NAME"],
    ]  # fmt: skip
    env = {"PGPASSWORD": place["PASSWORD"] or "", "PATH": "/usr/bin:/bin:/usr/local/bin"}
    return subprocess.run(command, env=env, capture_output=True, text=True, encoding="utf-8", check=True).stdout


def values_in(dump: str) -> set[str]:
    """Every value of the dump that could be tried somewhere: words, and the text or the hex digits of binary columns."""
    found = set(WORDS.findall(dump))
    for value in re.findall(r"\\x([0-9a-f]{12,})", dump):
        found.add(value)
        with suppress(UnicodeDecodeError):
            found.add(bytes.fromhex(value).decode())
    return {value.strip(";") for value in found}


def spellings(secret: str) -> Iterator[str]:
    """The secret as a dump could hold it."""
    yield secret
    yield secret.encode().hex()
    yield base64.b64encode(secret.encode()).decode().rstrip("=")
    if secret.removeprefix("whsec_") != secret:
        yield base64.b64decode(secret.removeprefix("whsec_")).hex()


def test_a_dump_of_the_database_opens_nothing(anna, certified, utenza, certificate) -> None:  # noqa: F811
    secrets = lived_day(anna, certified, utenza)
    assert all(secrets.values())
    dump = dumped()
    assert certified.pharmacy.code in dump  # it is the dump of this day
    values = values_in(dump)
    for name, secret in secrets.items():
        for spelled in spellings(secret):
            assert spelled not in values, name
            assert len(secret) < 8 or spelled not in dump, name
    assert base64.b32decode(secrets["TOTP"]).hex() not in dump

    now, staff = timezone.now(), User.objects.get(username="oriana")
    utenza.refresh_from_db()
    for value in values:
        assert not dict(SessionStore(value).items()), "a web session"
        assert calendar_link.pharmacy_of(value, now) is None, "the calendar"
        assert board.read(digest(value), now) is None, "the semaforo"
        assert leaving.row_of(value) is None, "the way out of copies"
        assert not IdSessione.objects.filter(digest=digest(id_sessione(value))).exists(), "an id"
        assert not StaffRecoveryCode.use(staff, value, now), "a recovery code"
    for value in values:
        assert not utenza.check_password(value), "the password of an utenza"
        assert not utenza.check_pincode(value), "a pincode"
        assert not staff.check_password(value), "the password of an operator"


def test_what_a_session_row_holds_opens_no_page(anna, certified, utenza, certificate) -> None:  # noqa: F811
    lived_day(anna, certified, utenza)
    for value in values_in(dumped()):
        if 20 <= len(value) <= 64 and value.isascii() and value.isprintable():
            client = Client()
            client.cookies["sessionid"] = value
            assert client.get("/servizi/")["Location"].startswith("/accesso/")
            assert Client().get("/a2f/gate?contesto=RICETTA-DEM&applicazione=EROGATORE", headers={
                "Authorization": basic(utenza.user_id, UTENZA_PASSWORD), "Authorization2F": f"Bearer {value}",
            }).status_code == 403  # fmt: skip
