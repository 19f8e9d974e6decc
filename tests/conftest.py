"""Named people with a fixed meaning, and the clients they use.

Anna: titolare, address certified. Bruno: titolare, not certified. Carla: staff. Dario: a stranger, no office anywhere.
"""

import gc
import os
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from django.conf import settings
from django.test import Client, override_settings
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from pharmacies.models import MailCertification, Office, Pharmacy, Utenza
from portal.identity.models import StaffTotp, User
from portal.identity.roles import StaffRole
from portal.secrets.sealing import seal
from tests import emptying, lock_order

# Django reads the addresses once in a process, the demonstration's only in demo mode. Read them here, before a test that switches
# to production mode makes Django read them without the demonstration's, for all tests after it.
import_module(settings.ROOT_URLCONF)

# libpq, here and in the processes that tests start: no COMMIT waits for the disk. A test database need not survive a crash.
os.environ.setdefault("PGOPTIONS", "-c synchronous_commit=off")

ANNA, BRUNO, DARIO = "RSSNNA80A41H501L", "BNCBRN75B12F205N", "VRDDRA82C03L219M"


def pytest_collection_finish() -> None:
    """The modules and the tests live as long as the process: collections skip them (a twentieth of the processor of a run)."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _settings_of_every_test(django_test_environment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Set once for all tests; the fixture `settings` changes one for a test."""
    with override_settings(
        EMAIL_BACKEND="portal.outbox.backend.OutboxBackend",  # Django's test runner swaps it: letters must become rows
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        VAR_DIR=tmp_path_factory.getbasetemp() / "var",  # nothing is left in the checkout
        DATABASE_CLOCK="tests.clocks.in_step",  # no query for the clock; a test about clocks names another of tests/clocks.py
        DESK_KEPT_FOR=timedelta(0),  # the next test would read what the staff's pages cache for a few seconds
        WHITENOISE_AUTOREFRESH=True,  # looks for a static file when it is requested; else each Client lists them all
    ):
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    with django_db_blocker.unblock():
        emptying.quickly()


@pytest.fixture(autouse=True)
def _shipped_rows_come_back(django_db_serialized_rollback) -> None:
    """A test with real transactions empties every table: restores the rows that migrations wrote."""


@pytest.fixture(autouse=True)
def _nobody_wakes_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """No broker in the fast suite: a test runs due work by calling the function or the command."""
    monkeypatch.setattr("celery.app.task.Task.apply_async", lambda *args, **kwargs: None)


@pytest.fixture(autouse=True)
def lock_faults() -> Iterator[list[str]]:
    """On PostgreSQL: fails a test whose transactions take locks out of order (docs/architecture.md). Yields the faults."""
    with lock_order.watched() as found:
        yield found
    assert sorted(set(found)) == []


def sign_in(client: Client, user: User, *, at: datetime | None = None) -> Client:
    """The portal session of a person who has just signed in at SPID level 2 (tests/identity tests the login itself)."""
    client.force_login(user, backend="portal.identity.backends.DigitalIdentityBackend")
    session = client.session
    session["identity_authenticated_at"] = (at or timezone.now()).timestamp()
    session["identity_with"] = "SPID livello 2"
    session["session_started"] = session["session_seen"] = timezone.now().timestamp()
    session.save()
    return client


def make_pharmacy(code: str, name: str, **fields) -> Pharmacy:
    values = {
        "address": "Via Roma 12", "cap": "38122", "comune": "TRENTO", "comune_code": "022205", "province": "TN",
        "region_code": "042", "region": "PROV. AUTON. TRENTO", "partita_iva": "01234567897",
    }  # fmt: skip
    return Pharmacy.objects.create(code=code, name=name, **{**values, **fields})


def make_titolare(person: User, pharmacy: Pharmacy) -> Office:
    return Office.objects.create(
        pharmacy=pharmacy,
        codice_fiscale=person.codice_fiscale,
        role=Office.Role.TITOLARE,
        since=datetime(2020, 1, 1, tzinfo=UTC),
    )


@pytest.fixture
def san_marco(db) -> Pharmacy:
    """Anna's pharmacy."""
    return make_pharmacy("4512", "San Marco")


@pytest.fixture
def al_redentore(db) -> Pharmacy:
    """Bruno's pharmacy."""
    return make_pharmacy("1877", "Al Redentore", comune="ROVERETO", address="Corso Rosmini 3")


def _person(fiscal_code: str, given: str, family: str, pharmacy: Pharmacy | None = None) -> User:
    person = User.objects.for_person(fiscal_code, given, family)
    if pharmacy is not None:
        make_titolare(person, pharmacy)
    return person


@pytest.fixture
def anna(san_marco: Pharmacy) -> User:
    return _person(ANNA, "Anna", "Rossi", san_marco)


@pytest.fixture
def bruno(al_redentore: Pharmacy) -> User:
    return _person(BRUNO, "Bruno", "Bianchi", al_redentore)


@pytest.fixture
def dario(db) -> User:
    return _person(DARIO, "Dario", "Verdi")


@pytest.fixture
def carla(db) -> User:
    """Staff with every role, for the whole nation."""
    return User.objects.create_staff("carla", "una password lunga", "Carla", "Neri", roles=StaffRole.values)


@pytest.fixture
def certified(anna: User, san_marco: Pharmacy) -> MailCertification:
    """Anna's certified address, since yesterday."""
    at = timezone.now() - timedelta(days=1)
    return MailCertification.objects.create(
        pharmacy=san_marco, address="idsessione@farmaciasanmarco.it", address_key="idsessione@farmaciasanmarco.it",
        requested_by=anna, requested_at=at, certified_at=at, certified_by=anna, certified_with="SPID livello 2",
    )  # fmt: skip


@pytest.fixture
def utenza(san_marco: Pharmacy) -> Utenza:
    """The account of the gestionale of Anna's pharmacy."""
    now = timezone.now()
    row = Utenza(
        pharmacy=san_marco, user_id="UVANNA01", codice_fiscale=ANNA, codice_regione="042", codice_asl="001",
        codice_ssa="045120", created_at=now,
    )  # fmt: skip
    row.set_password("SALVE", now)
    row.set_pincode("1729594276")
    row.save()
    return row


@pytest.fixture
def anna_client(anna: User) -> Client:
    return sign_in(Client(), anna)


@pytest.fixture
def bruno_client(bruno: User) -> Client:
    return sign_in(Client(), bruno)


@pytest.fixture
def dario_client(dario: User) -> Client:
    return sign_in(Client(), dario)


def sign_in_staff(client: Client, user: User) -> Client:
    """Staff with the second factor done (tests/identity tests the staff's login)."""
    device = StaffTotp.objects.create(user=user, name="app", sealed_secret=seal(b"0" * 20))
    client.force_login(user, backend="portal.identity.backends.StaffBackend")
    session = client.session
    session["otp_device_id"] = device.persistent_id
    session["session_started"] = session["session_seen"] = timezone.now().timestamp()
    session.save()
    return client


@pytest.fixture
def operator(db) -> Callable[..., Client]:
    """The browser of a member of the staff with these roles and this territory: `operator("lettura", limited_to=["042"])`."""

    def enter(*roles: str, limited_to: Sequence[str] = ()) -> Client:
        name = "-".join(["oriana", *roles, *limited_to])
        name = name if len(name) <= 64 else "-".join(["oriana", str(len(roles)), *limited_to])
        user = User.objects.create_staff(name, "una password lunga", roles=roles)
        user.limited_to = list(limited_to)
        user.save()
        return sign_in_staff(Client(), user)

    return enter


@pytest.fixture
def carla_client(carla: User) -> Client:
    return sign_in_staff(Client(), carla)
