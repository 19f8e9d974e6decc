"""Every variable that the settings read, with common mistakes as values: each gives a value or a sentence, never a traceback, and
never an empty value in place of a given one.
"""

import os
import re
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from .test_settings import PRODUCTION, ROOT

CODE = [ROOT / "portal" / name for name in ("settings.py", "env.py")]
READ = re.compile(
    r"""(?:env|self)\.(?:text|choice|number|flag|names|networks|secret|webhook_secret|address|domain|mailbox)\(\s*
    (?:\#[^\n]*\n\s*)?"([A-Z0-9_]+)\"""",
    re.VERBOSE,
)
NAMES = sorted({name for file in CODE for name in READ.findall(file.read_text(encoding="utf-8"))} | {"PORTAL_VAR"})
DEMO_ONLY = {"STUB_IDENTITY_URL"}
ON_POSTGRESQL = {"DATABASE_CONN_MAX_AGE", "DATABASE_PREPARE"}
NOTHING = ["", "   ", "\ufeff", "\ufeff \n"]
SETTINGS = compile(CODE[0].read_text(encoding="utf-8"), str(CODE[0]), "exec")  # once: it is run some thousand times
HOSTILE = ["$X", "$HOME", "\\$X", "²", ",", " , ,", "'", '"x"', "a b", "http://[", "0x10", "-1", "9" * 30, "%", "è"]
READ_IN = [
    pytest.param(name, mode, id=f"{name}-{'production' if mode else 'demo'}")
    for name in NAMES
    for mode in ({}, PRODUCTION)
    if name not in (DEMO_ONLY if mode else ON_POSTGRESQL)
]


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Reads the settings as a starting process does; returns its output."""

    def read(environment: dict[str, str]) -> dict[str, object]:
        clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        copy = {**clean, "PORTAL_VAR": str(tmp_path), "X": "another variable", **environment}
        monkeypatch.setattr(os, "environ", copy)
        monkeypatch.chdir(tmp_path)  # a relative PORTAL_VAR is a folder here
        module = {"__name__": "portal.settings", "__file__": str(CODE[0])}
        exec(SETTINGS, module)  # noqa: S102
        return module

    return read


def outcome(start, environment: dict[str, str], name: str) -> dict[str, object] | None:
    """The settings; None when a sentence refused the variable. Any other result fails the test."""
    try:
        return start(environment)
    except ImproperlyConfigured as refusal:
        if name not in str(refusal):
            raise
        return None


def texts(value: object) -> list[str]:
    """Every text in a setting, at any depth."""
    if isinstance(value, dict):
        return [text for part in value.values() for text in texts(part)]
    if isinstance(value, list | tuple | set):
        return [text for part in value for text in texts(part)]
    return [str(value)]


def said(read: dict[str, object]) -> dict[str, list[str]]:
    """Settings that depend on the environment, without LOGGING: its functions differ each time."""
    return {key: texts(value) for key, value in read.items() if key.isupper() and key != "LOGGING"}


def test_the_list_is_whole():
    assert {"METRICS_TOKEN", "SECRET_KEY", "DATABASE_PREPARE", "READY_LETTER_LATE", "STUB_IDENTITY_URL"} <= set(NAMES)
    read = {name for file in CODE for name in re.findall(r'value_of\("([A-Z_]+)"', file.read_text(encoding="utf-8"))}
    assert read <= set(NAMES)
    documented = (ROOT / "docs" / "production.md").read_text(encoding="utf-8")
    assert [name for name in sorted({*NAMES} - DEMO_ONLY) if f"`{name}`" not in documented] == []


@pytest.mark.parametrize(("name", "mode"), READ_IN)
def test_nothing_is_as_not_set(start, mode, name):
    unset = outcome(start, {key: value for key, value in mode.items() if key != name}, name)
    for value in NOTHING:
        given = outcome(start, {**mode, name: value}, name)
        assert (given is None) == (unset is None)


@pytest.mark.parametrize(("name", "mode"), READ_IN)
def test_what_is_given_is_taken_as_it_is_or_refused_in_a_sentence(start, mode, name):
    for value in HOSTILE:
        read = outcome(start, {**mode, name: value}, name)
        if read is None:
            continue
        kept = [text for words in said(read).values() for text in words]
        assert any(value.strip() in text or str(Path(value)) in text for text in kept), value


@pytest.mark.parametrize("name", sorted(PRODUCTION))
def test_a_byte_order_mark_and_blanks_are_no_part_of_a_value(start, name, tmp_path):
    plain, file = said(start(PRODUCTION)), tmp_path / "file"
    file.write_bytes(f"\ufeff {PRODUCTION[name]}\r\n".encode())
    rest = {key: value for key, value in PRODUCTION.items() if key != name}
    assert said(start({**rest, name: f"\ufeff {PRODUCTION[name]} "})) == plain
    assert said(start({**rest, f"{name}_FILE": str(file)})) == plain


@pytest.mark.parametrize(("name", "mode"), READ_IN)
def test_a_file_that_says_nothing_readable_is_refused(start, name, mode, tmp_path):
    file = tmp_path / "file"
    assert outcome(start, {**mode, f"{name}_FILE": str(file)}, name) is None
    for content in (b"", b"\xef\xbb\xbf\n", b"\xff\xfe", b"a\0b"):
        file.write_bytes(content)
        assert outcome(start, {**mode, f"{name}_FILE": str(file)}, name) is None


def test_a_secret_that_begins_with_a_dollar_stays_what_it_is(start):
    assert start({**PRODUCTION, "METRICS_TOKEN": "$uper-secret"})["METRICS_TOKEN"] == "$uper-secret"
    assert start({**PRODUCTION, "METRICS_TOKEN": "$X"})["METRICS_TOKEN"] == "$X"


# --- addresses of servers


@pytest.mark.parametrize(
    ("url", "broker", "cache"),
    [
        ("redis://:p$w@redis.example:6379/3", "redis://:p$w@redis.example:6379/3", "redis://:p$w@redis.example:6379/3"),
        ("unix:///run/redis.sock?db=2", "redis+socket:///run/redis.sock?virtual_host=2", "unix:///run/redis.sock?db=2"),
        ("redis+socket:///run/redis.sock", "redis+socket:///run/redis.sock", "unix:///run/redis.sock"),
    ],
)
def test_a_redis_on_a_socket_is_one_for_celery_and_for_the_cache(start, url, broker, cache):
    read = start({**PRODUCTION, "REDIS_URL": url})
    assert read["CELERY_BROKER_URL"] == broker
    assert read["CACHES"]["default"]["LOCATION"] == cache  # type: ignore[index]


@pytest.mark.parametrize(
    "url", ["redis://", "redis://host:²", "redis://host/zero", "unix://", "unix://relative", "rediss:///0"]
)
def test_a_redis_that_no_worker_could_reach_is_refused(start, url):
    assert outcome(start, {**PRODUCTION, "REDIS_URL": url}, "REDIS_URL") is None


@pytest.mark.parametrize(
    ("url", "port", "tls", "ssl"),
    [
        ("smtp://mail.example", 25, False, False),
        ("smtp+tls://a%40b:p%2Fw$@mail.example", 587, True, False),
        ("smtp+ssl://mail.example", 465, False, True),
        ("smtps://mail.example", 465, False, True),
        ("smtps://mail.example:465", 465, False, True),
    ],
)
def test_the_scheme_of_the_mail_server_says_how_tls_is_spoken(start, url, port, tls, ssl):
    read = start({**PRODUCTION, "EMAIL_URL": url})
    assert (read["EMAIL_PORT"], read["EMAIL_USE_TLS"], read["EMAIL_USE_SSL"]) == (port, tls, ssl)
    if "@" in url:
        assert (read["EMAIL_HOST_USER"], read["EMAIL_HOST_PASSWORD"]) == ("a@b", "p/w$")


@pytest.mark.parametrize(
    "url",
    ["smtps://mail.example:587", "smtp://", "smtp://mail.example?ssl=1", "smtp://a:p#w@mail.example", "smtp://h:0"],
)
def test_a_mail_server_that_would_be_spoken_to_wrongly_is_refused(start, url):
    assert outcome(start, {**PRODUCTION, "EMAIL_URL": url}, "EMAIL_URL") is None


# --- the demonstration's data


@pytest.mark.parametrize("content", ["", "\n", "c2hvcnQ=", "è" * 60])
@pytest.mark.parametrize("name", ["secret_key", "sealing_key"])
def test_an_empty_or_damaged_key_is_refused_in_a_sentence(start, tmp_path, name, content):
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(ImproperlyConfigured, match=rf"The file {name} .* is empty or damaged"):
        start({})


@pytest.mark.parametrize("folder", ["/dev/null/var", "/proc/portal"])
def test_a_folder_that_cannot_be_written_is_said(start, folder):
    with pytest.raises(ImproperlyConfigured, match=r"PORTAL_VAR .* nothing can be written"):
        start({"PORTAL_VAR": folder})
