"""`manage.py a2f`: a gestionale on the command line, against a real endpoint, printing no secret."""

import socket
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from sessions.credentials import certificates
from tests.certificates import InHouseAuthority, as_python_3_13, served_with
from tests.sessions.webhooks.conftest import WebhookReceiver, serve

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
CODES = "042/001/045120"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    certificate = certificates.ensure_one(timezone.now()) or certificates.PincodeCertificate.objects.get()
    for name, text in (("password", "SALVE\n"), ("pincode", "1729594276\n"), ("pem", certificate.certificate)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.fixture
def a2f(live_server, settings, utenza, certified, files):
    """a2f("create"): the command's output; raises CommandError."""
    settings.A2F_MODE = "TEST"

    def run(act: str, *more: str, url: str = live_server.url) -> str:
        out = StringIO()
        arguments = ["--url", url, "--user", "UVANNA01", "--password-file", str(files / "password")]
        if act != "use":
            arguments += ["--pincode-file", str(files / "pincode"), "--certificate", str(files / "pem")]
            arguments += ["--codice-fiscale", utenza.codice_fiscale, "--codes", CODES]
        call_command("a2f", act, *arguments, *more, stdout=out, no_color=True)
        return out.getvalue()

    return run


@pytest.fixture
def id_file(a2f, files) -> str:
    shown = a2f("create", "--show-id")
    plain = next(line.split(": ")[1] for line in shown.splitlines() if line.startswith("ID-SESSIONE"))
    (files / "id").write_text(plain + "\n", encoding="utf-8")
    return str(files / "id")


def status_of(call) -> int:
    with pytest.raises(CommandError) as refused:
        call()
    return refused.value.returncode


def test_a_byte_order_mark_is_no_part_of_the_password(a2f, files) -> None:
    (files / "password").write_text("\ufeffSALVE\r\n", encoding="utf-8")
    assert "ID-SESSIONE" in a2f("create")


def test_an_id_is_asked_checked_used_revoked(a2f, id_file) -> None:
    assert "Valido, until" in a2f("check", "--id-file", id_file)
    assert "Let through" in a2f("use", "--id-file", id_file)
    assert "Revoca del token eseguita" in a2f("revoke", "--id-file", id_file)
    assert status_of(lambda: a2f("check", "--id-file", id_file)) == 1
    with pytest.raises(CommandError, match="403: error 9101, revoked"):
        a2f("use", "--id-file", id_file)


def test_neither_the_id_nor_a_secret_is_printed(a2f, id_file) -> None:
    plain = Path(id_file).read_text(encoding="utf-8").strip()
    shown = a2f("check", "--raw", "--id-file", id_file) + a2f("create", "--raw")
    assert "CreateAuthReq" in shown
    for secret in (plain, "SALVE", "VVZBTk5BMDE6U0FMVkU=", "1729594276"):
        assert secret not in shown


def test_the_whole_address_of_the_service_is_good_too(a2f, live_server) -> None:
    assert "Done." in a2f("create", url=f"{live_server.url}/a2f-auth-ws/soap/v1/authentication-service")


def test_a_wrong_password_has_its_own_status(a2f, files) -> None:
    (files / "password").write_text("sbagliata\n", encoding="utf-8")
    assert status_of(lambda: a2f("create")) == 3


def test_who_does_not_answer_has_its_own_status(a2f) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        assert status_of(lambda: a2f("create", url=f"http://127.0.0.1:{nobody.getsockname()[1]}")) == 4


def test_an_answer_that_is_not_of_this_service_has_its_own_status(a2f, live_server) -> None:
    assert status_of(lambda: a2f("create", url=f"{live_server.url}/informazioni/privacy/")) == 5


@pytest.mark.parametrize(
    "more", [("--codes", "130"), ("--certificate", "/nowhere"), ("--pincode-file", "/nowhere"), ("--ca", "/nowhere")]
)
def test_what_cannot_be_read_is_told(a2f, more) -> None:
    assert status_of(lambda: a2f("create", *more)) == 2


def test_a_file_that_is_no_certificate_is_told(a2f, files) -> None:
    assert status_of(lambda: a2f("create", "--certificate", str(files / "pincode"))) == 2


def test_an_old_in_house_authority_is_good_on_every_python(a2f, tmp_path, monkeypatch) -> None:
    as_python_3_13(monkeypatch)
    authority = InHouseAuthority(tmp_path)
    for served in serve(WebhookReceiver(), served_with(authority.server())):
        assert status_of(lambda url=served.url: a2f("create", "--ca", str(authority.file), url=url)) == 5
        assert len(served.heard) == 1  # it was called, and is no A2F service
        assert status_of(lambda url=served.url: a2f("create", url=url)) == 4
        assert len(served.heard) == 1
