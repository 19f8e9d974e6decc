"""Three modes, three databases: a mark in each, compared at the start of every process."""

import os
import subprocess
import sys
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import Client
from django.utils import timezone

from portal import installation, system_checks
from portal.demo.models import DemoSeed
from portal.env import DEMO, PRODUCTION, TEST
from portal.installation import DatabaseMark, refusal
from portal.secrets.sealing import unseal
from sessions.ids import issuing
from tests.conftest import make_pharmacy
from tests.sessions.conftest import context  # noqa: F401  a fixture

from .test_settings import PRODUCTION as VARIABLES
from .test_settings import ROOT, check

IN_TEST = {**VARIABLES, "PORTAL_MODE": TEST}


@pytest.fixture
def unmarked(db):
    DatabaseMark.objects.all().delete()


def test_the_first_migration_marked_this_database(db):
    assert DatabaseMark.objects.get().mode == DEMO


@pytest.mark.parametrize("mode", [DEMO, TEST, PRODUCTION])
def test_only_its_own_mode_may_use_a_marked_database(db, mode):
    for mark in (DEMO, TEST, PRODUCTION):
        DatabaseMark.objects.update(mode=mark)
        why = refusal(connection, mode)
        assert bool(why) == (mark != mode)
        if why:
            assert f"PORTAL_MODE={mark}" in why
            assert mode in why


def test_a_database_without_a_mark(unmarked):
    assert [refusal(connection, mode) for mode in (DEMO, TEST, PRODUCTION)] == ["", "", ""]
    make_pharmacy("4512", "San Marco")
    assert "needs an empty one" in refusal(connection, TEST)
    assert refusal(connection, PRODUCTION) == ""  # from before the mark
    DemoSeed.objects.create(at=timezone.now())
    assert "invented people" in refusal(connection, PRODUCTION)


def test_the_mark_is_written_once_and_never_on_the_data_of_others(unmarked, settings):
    make_pharmacy("4512", "San Marco")
    for mode in (DEMO, TEST):
        settings.PORTAL_MODE = mode
        installation.write_the_mark()
        assert not DatabaseMark.objects.exists()
    settings.PORTAL_MODE = PRODUCTION
    installation.write_the_mark()
    installation.write_the_mark()
    assert DatabaseMark.objects.get().mode == PRODUCTION


def test_another_app_may_be_migrated_before_the_table_of_the_mark_is_there(unmarked, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(installation, "MARK", "portal_not_there_yet")
    installation.write_the_mark()
    assert not DatabaseMark.objects.exists()


def test_a_process_of_another_mode_stops_at_its_first_connection(db, settings, monkeypatch: pytest.MonkeyPatch):
    closed: list[bool] = []
    monkeypatch.setattr(installation, "_known", set())
    monkeypatch.setattr(connection, "close", lambda: closed.append(True))
    installation.look(connection)
    settings.PORTAL_MODE = PRODUCTION
    installation.look(connection)  # found right once
    installation._known.clear()
    with pytest.raises(ImproperlyConfigured, match="PORTAL_MODE=demo"):
        installation.look(connection)
    assert closed == [True]


def test_a_test_environment_has_stubs_or_test_environments_and_answers_in_test(settings):
    settings.DEMO, settings.COLLAUDO, settings.PORTAL_MODE = False, True, TEST

    def found() -> list[str]:
        return [
            error.id
            for error in [
                *system_checks.no_stand_ins_in_production(None),
                *system_checks.no_test_mode_beside_real_people(None),
            ]
        ]

    assert found() == []
    settings.IDENTITY_PROVIDERS = ["portal.identity.providers.saml.Spid", "portal.demo.identity.StubTsCns"]
    assert found() == []
    settings.IDENTITY_PROVIDERS = ["portal.identity.providers.cns.TsCns"]
    assert found() == ["portal.E002"]
    settings.IDENTITY_PROVIDERS = ["portal.demo.identity.StubSpid"]
    settings.A2F_MODE = "PRODUCTION"
    assert found() == ["portal.E010"]


@pytest.mark.parametrize("collaudo", [False, True])
def test_pages_and_letters_of_a_test_environment_say_so(certified, utenza, context, settings, client: Client, collaudo):  # noqa: F811
    settings.COLLAUDO, settings.DEMO = collaudo, not collaudo
    assert ("Ambiente di collaudo:" in client.get("/accesso/").content.decode()) == collaudo
    letter = issuing.issue(utenza, context, timezone.now()).id_sessione.letter
    message = message_from_bytes(unseal(bytes(letter.sealed_source)), policy=default)
    for kind in ("plain", "html"):
        assert ("Ambiente di collaudo:" in message.get_body((kind,)).get_content()) == collaudo


@pytest.mark.processes
def test_a_test_environment_starts_like_production(tmp_path: Path) -> None:
    done = check(tmp_path, IN_TEST, "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr
    without = {name: value for name, value in IN_TEST.items() if name != "SECRET_KEY"}
    assert "SECRET_KEY is missing" in check(tmp_path, without).stderr
    assert "portal.E010" in check(tmp_path, {**IN_TEST, "A2F_MODE": "PRODUCTION"}).stderr


ROUTES = """
from django.urls import NoReverseMatch, reverse
def has(name):
    try:
        return bool(reverse(name))
    except NoReverseMatch:
        return False
print([name for name in ("clock", "clock_forward", "clock_again", "mailbox", "till", "authenticator") if has(f"demo:{name}")])
"""


@pytest.mark.processes
@pytest.mark.parametrize(
    ("environment", "routes"), [(VARIABLES, []), (IN_TEST, ["clock", "clock_forward"])], ids=["production", "test"]
)
def test_production_has_no_clock_to_move_and_a_test_environment_no_mailbox(tmp_path: Path, environment, routes) -> None:
    clean = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    env = {**clean, "PORTAL_VAR": str(tmp_path), **environment}
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", ROUTES],
        cwd=ROOT, env=env, capture_output=True, encoding="utf-8", timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == str(routes)
    command = [sys.executable, "manage.py", "demo_clock", "+1w"]
    moved = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, encoding="utf-8", timeout=60, check=False)
    assert moved.returncode != 0
    assert "Traceback" not in moved.stderr
    assert ("questo portale segue l’ora vera" in moved.stderr) == (not routes)
    assert "Unknown command" not in moved.stderr
