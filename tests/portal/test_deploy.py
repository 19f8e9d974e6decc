"""The files of deploy/ agree with each other."""

import re
import runpy
from pathlib import Path

import pytest
from django.core.management import get_commands

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"


def listens() -> list[str]:
    return re.findall(
        r"^ListenStream=(.+)$", (DEPLOY / "systemd/portale-web.socket").read_text(encoding="utf-8"), re.MULTILINE
    )


@pytest.mark.parametrize(
    ("file", "upstream"), [("cns", "portale_cards"), ("portal", "portal"), ("a2f-gate", "a2f_portal")]
)
def test_nginx_asks_where_the_portal_listens(file, upstream):
    text = (DEPLOY / "nginx" / f"{file}.conf").read_text(encoding="utf-8")
    server = re.search(rf"upstream {upstream} {{\s+server (?:unix:)?([^;]+);", text)[1]
    assert server in listens()


def test_the_cards_come_by_a_socket_that_only_nginx_may_open():
    unit = (DEPLOY / "systemd/portale-web.socket").read_text(encoding="utf-8")
    assert "server unix:/" in (DEPLOY / "nginx/cns.conf").read_text(encoding="utf-8")
    assert "SocketMode=0660" in unit
    assert "SocketGroup=" in unit


def test_the_unit_of_the_web_takes_its_sockets_from_there():
    unit = (DEPLOY / "systemd/portale-web.service").read_text(encoding="utf-8")
    assert "Requires=portale-web.socket" in unit
    assert not re.search(r"^ExecStart=.* (-b|--bind)", unit, re.MULTILINE)


@pytest.mark.parametrize("command", ["cns_trust", "cns_crl"])
def test_a_timer_runs_each_command_of_the_cards(command):
    name = command.removeprefix("cns_")
    assert f"Unit=portale-cns@{name}.service" in (DEPLOY / f"systemd/portale-cns-{name}.timer").read_text(
        encoding="utf-8"
    )
    assert "manage.py cns_%i refresh" in (DEPLOY / "systemd/portale-cns@.service").read_text(encoding="utf-8")
    assert command in get_commands()


@pytest.mark.parametrize("name", ["WEB_CONCURRENCY", "WEB_THREADS"])
@pytest.mark.parametrize("value", ["²", "abc", "0", "-1", "9" * 5000, "1,5", "$X"])
def test_a_number_of_gunicorn_that_is_none_is_said_in_a_sentence(monkeypatch, tmp_path, name, value):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match=f"{name} must be a whole number"):
        runpy.run_path(str(DEPLOY / "gunicorn.conf.py"))
    monkeypatch.setenv(name, " 4 ")
    assert 4 in (runpy.run_path(str(DEPLOY / "gunicorn.conf.py"))[key] for key in ("workers", "threads"))
