"""The pincode's certificates: the command, the system check, the private key kept on another machine."""

from base64 import b64decode
from datetime import timedelta
from functools import partial
from io import StringIO

import pytest
import time_machine
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core.checks import Tags, run_checks
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError

from portal.journal.models import Entry
from sessions.credentials import certificates
from sessions.credentials.pincode import PincodeOutcome, check
from sessions.models import PincodeCertificate
from tests.parallel import in_parallel
from tests.sessions.conftest import MORNING
from tests.sessions.credentials.test_pincode import encrypted

pytestmark = pytest.mark.django_db


def run(*words: str) -> str:
    said = StringIO()
    call_command("a2f_certificate", *words, stdout=said)
    return said.getvalue()


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(MORNING, tick=False) as moved:
        yield moved


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, certificates.BITS)


def pem_of(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture
def key_pem() -> bytes:
    return pem_of(new_key())


@pytest.fixture
def key_file(tmp_path, key_pem):
    path = tmp_path / "key.pem"
    path.write_bytes(key_pem)
    return path


# --- the command


def test_a_new_certificate_is_rsa_1536_and_lasts_two_years():
    assert "valid until 2028-11-22" in run("new")
    row = PincodeCertificate.objects.live(MORNING).get()
    certificate = x509.load_pem_x509_certificate(row.certificate.encode())
    assert certificate.public_key().key_size == 1536
    assert (row.valid_from, row.valid_until) == (certificate.not_valid_before_utc, certificate.not_valid_after_utc)
    assert f"{certificate.serial_number:x}" == row.serial
    assert certificate.subject.rfc4514_string() == "CN=Portale Farmacie - pincode A2F"


def test_the_days_and_the_name_are_the_operators():
    run("new", "--days", "90", "--common-name", "Provincia di Trento")
    row = PincodeCertificate.objects.get()
    assert row.valid_until - row.valid_from == timedelta(days=90)
    certificate = x509.load_pem_x509_certificate(row.certificate.encode())
    assert certificate.subject.rfc4514_string() == "CN=Provincia di Trento"


def test_the_private_key_is_sealed_and_printed_nowhere():
    said = run("new")
    assert "PRIVATE" not in said
    row = PincodeCertificate.objects.get()
    assert b"PRIVATE" not in bytes(row.sealed_key)
    assert "PRIVATE" not in row.certificate


def test_two_are_live_at_once_and_a_third_is_refused():
    run("new")
    first = PincodeCertificate.objects.get().serial
    assert f"a2f_certificate retire {first}" in run("new")
    with pytest.raises(CommandError, match="Two certificates are live"):
        run("new")
    run("retire", first)
    run("new")
    assert PincodeCertificate.objects.live(MORNING).count() == 2


def test_one_that_has_ended_leaves_its_place(clock):
    run("new", "--days", "1")
    run("new", "--days", "1")
    clock.move_to(MORNING + timedelta(days=1))
    run("new")
    assert "expired" in run("list")


def test_retiring_wipes_the_private_key():
    run("new")
    run("new")
    row = PincodeCertificate.objects.live(MORNING).last()
    run("retire", row.serial)
    row.refresh_from_db()
    assert row.sealed_key is None
    assert row.retired_at == MORNING


def test_the_last_one_is_retired_only_when_the_operator_insists():
    run("new")
    serial = PincodeCertificate.objects.get().serial
    with pytest.raises(CommandError, match="The only live certificate"):
        run("retire", serial)
    run("retire", serial, "--even-the-last")
    assert not PincodeCertificate.objects.live(MORNING).exists()


def test_a_serial_number_that_nobody_has_is_refused():
    with pytest.raises(CommandError, match="No certificate in service"):
        run("retire", "abc")


def test_the_list_says_what_each_is():
    assert "No certificate yet" in run("list")
    run("new")
    run("new", "--days", "90")
    run("retire", PincodeCertificate.objects.order_by("pk").first().serial)
    lines = run("list").splitlines()
    assert len(lines) == 2
    assert any("live, 90 days left, key sealed here" in line for line in lines)
    assert any("retired 2026-11-23, no key" in line for line in lines)


@pytest.mark.parametrize("days", ["0", "-1", "4000"])
def test_a_validity_that_makes_no_sense_is_refused(days):
    with pytest.raises(CommandError, match="--days"):
        run("new", "--days", days)


def test_both_acts_are_in_the_journal():
    run("new")
    run("retire", PincodeCertificate.objects.get().serial, "--even-the-last")
    assert list(Entry.objects.order_by("pk").values_list("verb", flat=True)) == [
        "certificate.made",
        "certificate.retired",
    ]
    assert "certificato per cifrare il pincode" in Entry.objects.first().sentence


# --- the private key on another machine


def test_a_key_in_a_file_stays_out_of_the_database_and_is_read_from_the_setting(settings, utenza, key_file, key_pem):
    assert "A2F_PRIVATE_KEY_FILE" in run("new", "--key-file", str(key_file))
    row = PincodeCertificate.objects.get()
    assert row.sealed_key is None
    valore = encrypted(row, "1729594276")
    assert check(utenza, valore, MORNING) is PincodeOutcome.MALFORMED
    settings.A2F_PRIVATE_KEY = key_pem.decode()
    assert check(utenza, valore, MORNING) is PincodeOutcome.OK


def test_while_one_key_takes_over_from_the_other_the_setting_holds_both(settings, utenza, key_file, key_pem):
    run("new", "--key-file", str(key_file))
    settings.A2F_PRIVATE_KEY = pem_of(new_key()).decode() + "\n" + key_pem.decode()
    assert check(utenza, encrypted(PincodeCertificate.objects.get(), "1729594276"), MORNING) is PincodeOutcome.OK


@pytest.mark.parametrize("content", [b"", b"nothing", "a key of 2,048 bits"])
def test_a_file_that_holds_no_suitable_key_is_refused(tmp_path, content):
    path = tmp_path / "key.pem"
    path.write_bytes(pem_of(rsa.generate_private_key(65537, 2048)) if isinstance(content, str) else content)
    with pytest.raises(CommandError, match="RSA of 1,536 bits"):
        run("new", "--key-file", str(path))


def test_a_file_that_is_not_there_is_refused_with_the_way_to_make_one(tmp_path):
    with pytest.raises(CommandError, match="openssl genrsa"):
        run("new", "--key-file", str(tmp_path / "nothing.pem"))


def test_a_key_that_cannot_be_unsealed_takes_no_other_with_it(settings, utenza, caplog):
    lost = certificates.make(MORNING)
    PincodeCertificate.objects.filter(pk=lost.pk).update(sealed_key=b"sealed with a key that was lost")
    good = certificates.make(MORNING)
    assert check(utenza, encrypted(good, "1729594276"), MORNING) is PincodeOutcome.OK
    assert lost.serial in caplog.text


# --- the system check


def said_by_the_check() -> list[str]:
    return [message.id for message in run_checks(tags=[Tags.database], databases=["default"])]


@pytest.mark.parametrize("mode", ["TEST", "PRODUCTION"])
def test_no_certificate_is_a_warning_that_fails_the_check_and_lets_migrate_go_on(settings, mode, capsys):
    settings.A2F_MODE = mode
    assert said_by_the_check() == ["sessions.W002"]
    with pytest.raises(SystemCheckError, match=r"sessions\.W002"):
        call_command("check", databases=["default"], fail_level="WARNING")
    call_command("migrate", "pharmacy_sessions", skip_checks=False, verbosity=0)


def test_the_warning_comes_sixty_days_before_the_last_one_ends(clock):
    row = certificates.make(MORNING)
    clock.move_to(row.valid_until - timedelta(days=60, seconds=1))
    assert said_by_the_check() == []
    clock.move_to(row.valid_until - timedelta(days=60))
    assert said_by_the_check() == ["sessions.W001"]
    run("new")
    assert said_by_the_check() == ["sessions.I001"]  # gestionali that have not changed to the new certificate yet
    call_command("check", databases=["default"], fail_level="WARNING")
    clock.move_to(row.valid_until)
    assert said_by_the_check() == []


def test_a_private_key_that_is_not_where_it_should_be_is_said(key_pem):
    certificates.make(MORNING, key_pem=key_pem)
    assert said_by_the_check() == ["sessions.W003"]


def test_a_check_without_a_database_asks_none(django_assert_num_queries):
    with django_assert_num_queries(0):
        run_checks()


def test_the_demonstration_starts_with_one():
    assert certificates.ensure_one(MORNING) is not None
    assert certificates.ensure_one(MORNING) is None


@pytest.mark.django_db(transaction=True)
def test_eight_operators_at_once_make_two_live_certificates_and_retire_one():
    def make() -> bool:
        try:
            return bool(certificates.make(MORNING))
        except certificates.TooManyLive:
            return False

    def retire(serial: str) -> bool:
        try:
            return bool(certificates.retire(serial, MORNING))
        except certificates.CertificateRefused:
            return False

    assert sum(in_parallel([make] * 8)) == 2
    serials = PincodeCertificate.objects.live(MORNING).values_list("serial", flat=True)
    assert sum(in_parallel([partial(retire, serial) for serial in list(serials) * 4])) == 1


def test_a_key_that_another_thread_read_before_the_commit_is_forgotten_with_it(django_capture_on_commit_callbacks):
    first = certificates.make(MORNING)
    certificates.make(MORNING)
    ciphertext = b64decode(encrypted(first, "1729594276"))
    assert b"1729594276" in certificates.decipher(ciphertext, MORNING, remembered=True)
    with django_capture_on_commit_callbacks(execute=True):
        certificates.retire(first.serial, MORNING)
        PincodeCertificate.objects.filter(pk=first.pk).update(retired_at=None, sealed_key=first.sealed_key)
        certificates.decipher(ciphertext, MORNING, remembered=True)  # as another process sees the row before COMMIT
        PincodeCertificate.objects.filter(pk=first.pk).update(retired_at=MORNING, sealed_key=None)
    assert b"1729594276" not in certificates.decipher(ciphertext, MORNING, remembered=True)
