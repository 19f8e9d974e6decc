"""One settings module for the laptop and production: wrong or missing values stop the start with a sentence."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SECRET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
PRODUCTION = {
    "PORTAL_MODE": "production",
    "SECRET_KEY": SECRET,
    "SEALING_KEYS": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "DATABASE_URL": "postgres://portal:hidden-word@127.0.0.1:5432/portal",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "EMAIL_URL": "smtp+tls://portal:hidden-word@mail.example.org:587",
    "ALLOWED_HOSTS": "portale.example.org",
    "PORTAL_URL": "https://portale.example.org",
    "MAIL_DOMAIN": "portale.example.org",
}
OURS = {*PRODUCTION, "PORTAL_VAR", "A2F_MODE", "A2F_MAX_ADDRESSES_A_DAY", *(f"{name}_FILE" for name in PRODUCTION)}


def check(
    tmp_path: Path, environment: dict[str, str], *arguments: str, room: int = resource.RLIM_INFINITY
) -> subprocess.CompletedProcess[str]:
    """`room`: the limit on a file's size, in bytes."""
    clean = {name: value for name, value in os.environ.items() if name not in OURS}
    return subprocess.run(
        [sys.executable, "manage.py", "check", *arguments],
        cwd=ROOT,
        env={**clean, "PORTAL_VAR": str(tmp_path), **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY)),
    )


@pytest.mark.processes
def test_the_deployment_check_is_clean_in_production(tmp_path: Path) -> None:
    done = check(tmp_path, PRODUCTION, "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


@pytest.mark.processes
def test_the_demonstration_needs_no_variable_and_keeps_its_own_secrets_to_its_owner(tmp_path: Path) -> None:
    assert check(tmp_path, {}).returncode == 0
    first = (tmp_path / "secret_key").read_text(encoding="utf-8")
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0
    assert check(tmp_path, {}).returncode == 0
    assert (tmp_path / "secret_key").read_text(encoding="utf-8") == first


@pytest.mark.processes
def test_a_full_disk_at_the_first_start_is_a_sentence_and_leaves_no_key(tmp_path: Path) -> None:
    full = check(tmp_path, {}, room=0)
    assert full.returncode != 0
    assert full.stderr.startswith("The portal cannot start: PORTAL_VAR")
    assert "Traceback" not in full.stderr
    assert not (tmp_path / "secret_key").exists()
    assert check(tmp_path, {}).returncode == 0


@pytest.mark.processes
def test_a_lease_shorter_than_a_conversation_does_not_start_in_production(tmp_path: Path) -> None:
    done = check(tmp_path, {**PRODUCTION, "OUTBOX_LEASE": "90", "EMAIL_TIMEOUT": "30"})
    assert "outbox.E001" in done.stderr


@pytest.mark.parametrize("missing", sorted(set(PRODUCTION) - {"PORTAL_MODE"}))
def test_a_missing_value_is_named_and_the_portal_does_not_start(tmp_path: Path, missing: str) -> None:
    done = check(tmp_path, {name: value for name, value in PRODUCTION.items() if name != missing})
    assert done.returncode != 0
    assert done.stderr.startswith(f"The portal cannot start: {missing}")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("PORTAL_MODE", "prod"),
        ("SECRET_KEY", "hidden-word"),
        ("SEALING_KEYS", "hidden-word"),
        ("DATABASE_URL", "mysql://portal:hidden-word@127.0.0.1/portal"),
        ("DATABASE_URL", "hidden-word"),
        ("REDIS_URL", "http://hidden-word"),
        ("EMAIL_URL", "https://hidden-word"),
        ("EMAIL_URL", "smtp+tls://portal:hidden-word@mail:port"),
        ("PORTAL_URL", "http://hidden-word"),
        ("A2F_MODE", "hidden-word"),
        ("A2F_MAX_ADDRESSES_A_DAY", "hidden-word"),
    ],
)
def test_a_wrong_value_is_named_and_never_repeated(tmp_path: Path, name: str, wrong: str) -> None:
    done = check(tmp_path, {**PRODUCTION, name: wrong})
    assert done.returncode != 0
    assert f"The portal cannot start: {name}" in done.stderr
    assert "hidden-word" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.processes
def test_a_secret_can_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text(SECRET + "\n", encoding="utf-8")
    environment = {name: value for name, value in PRODUCTION.items() if name != "SECRET_KEY"}
    assert check(tmp_path, {**environment, "SECRET_KEY_FILE": str(secret)}).returncode == 0
    unreadable = check(tmp_path, {**environment, "SECRET_KEY_FILE": str(tmp_path / "absent")})
    assert "SECRET_KEY_FILE names a file that cannot be read" in unreadable.stderr


def test_the_demonstration_never_answers_on_a_public_name(tmp_path: Path) -> None:
    done = check(tmp_path, {"ALLOWED_HOSTS": "portale.example.org"})
    assert done.returncode != 0
    assert "PORTAL_MODE=production" in done.stderr


@pytest.mark.processes
def test_a_stand_in_does_not_start_in_production(tmp_path: Path) -> None:
    done = check(tmp_path, {**PRODUCTION, "IDENTITY_PROVIDERS": "portal.demo.identity.StubSpid"})
    assert done.returncode != 0
    assert "portal.E001" in done.stderr


@pytest.mark.processes
def test_the_test_mode_of_the_web_service_does_not_start_in_production(tmp_path: Path) -> None:
    done = check(tmp_path, {**PRODUCTION, "A2F_MODE": "TEST"})
    assert done.returncode != 0
    assert "portal.E002" in done.stderr


@pytest.mark.processes
def test_the_test_mode_of_the_web_service_does_not_start_beside_a_real_identity_provider(tmp_path: Path) -> None:
    done = check(tmp_path, {"IDENTITY_PROVIDERS": "portal.identity.providers.base.IdentityProvider"})
    assert done.returncode != 0
    assert "portal.E002" in done.stderr


@pytest.mark.processes
def test_a_stand_in_does_not_stand_in_front_of_the_public_either(tmp_path: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if name not in OURS}
    served = subprocess.run(
        [sys.executable, "-c", "import portal.wsgi"],
        cwd=ROOT,
        env={**clean, **PRODUCTION, "PORTAL_VAR": str(tmp_path), "IDENTITY_PROVIDERS": "portal.demo.identity.StubSpid"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert served.returncode == 3  # gunicorn stops; with any other number it would start new workers for ever
    assert "The portal cannot start: portal.demo.identity.StubSpid" in served.stderr
    assert "Traceback" not in served.stderr
