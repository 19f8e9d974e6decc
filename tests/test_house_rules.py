"""Checks of the project's conventions."""

import ast
import re
from pathlib import Path

from django.apps import apps
from django.db import models

ROOT = Path(__file__).resolve().parent.parent
OURS = {"portal", "identity", "outbox", "journal", "demo", "pharmacies", "pharmacy_sessions"}
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "service", "services", "managers"}


def python_files():
    for folder in ("portal", "pharmacies", "sessions", "tests"):
        yield from (ROOT / folder).rglob("*.py")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_no_module_is_over_300_lines():
    lengths = {
        named(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in python_files()
        if "migrations" not in path.parts
    }
    assert {name: length for name, length in lengths.items() if length > 300} == {}


def test_no_module_has_a_name_that_says_nothing():
    assert [named(path) for path in python_files() if {path.stem, *path.parts} & EMPTY_NAMES] == []


def test_text_is_read_and_written_with_its_encoding_said():
    """By default Python uses the locale's encoding, so the portal would start on one machine and fail on another."""
    silent = [
        f"{named(path)}:{call.lineno}"
        for path in python_files()
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and _is_text(call) and all(word.arg != "encoding" for word in call.keywords)
    ]
    assert silent == []


def _is_text(call: ast.Call) -> bool:
    """A file opened as text with an explicit mode, or a program whose output is read as text."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    modes = [value.value for value in call.args if isinstance(value, ast.Constant) and isinstance(value.value, str)]
    opens = name in {"open", "fdopen"} and any(re.fullmatch(r"[rwax]\+?t?", mode) for mode in modes)
    return name in {"read_text", "write_text"} or opens or _asks_for_text(call)


def _asks_for_text(call: ast.Call) -> bool:
    return any(
        word.arg in {"text", "universal_newlines"} and ast.unparse(word.value) == "True" for word in call.keywords
    )


def test_requirements_carry_no_address():
    locks = [*(ROOT / "requirements").glob("*.txt"), ROOT / "tests" / "clients" / "package-lock.json"]
    assert [path.name for path in locks if "://" in path.read_text(encoding="utf-8")] == []


def test_every_folder_of_tests_is_a_package():
    folders = {path.parent for path in (ROOT / "tests").rglob("test_*.py")}
    assert [named(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_a_record_of_fact_is_never_deleted_with_another():
    keys = [
        f"{model.__name__}.{field.name}"
        for model in apps.get_models()
        if model._meta.app_label in OURS
        for field in model._meta.get_fields()
        if isinstance(field, (models.ForeignKey, models.OneToOneField))
        and field.remote_field.on_delete is not models.PROTECT
        and model.__name__
        not in {"StaffTotp", "StaffPasskey"}  # django-otp's own key: the device goes with the operator
    ]
    assert keys == []


def test_no_page_carries_script_or_style_inside():
    """The Content-Security-Policy would block it; letters (templates/mail) and their gallery, a file, are not pages."""
    inside = re.compile(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:", re.IGNORECASE)
    pages = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "portal").rglob("templates/**/*.html")]
    assert [
        named(path)
        for path in pages
        if "mail" not in path.parts and path.name != "gallery.html" and inside.search(path.read_text(encoding="utf-8"))
    ] == []


def test_nothing_is_taken_from_another_site():
    outside = re.compile(r"(src|href)=\"(https?:)?//(?!www\.|eur-lex)", re.IGNORECASE)
    pages = [path for path in (ROOT / "templates").rglob("*.html") if "mail" not in path.parts]
    assert [
        named(path)
        for path in pages
        if re.search(r"<(script|img|link|iframe)[^>]*" + outside.pattern, path.read_text(encoding="utf-8"))
    ] == []


def test_every_table_has_a_line_that_says_how_it_grows_and_what_ends_its_rows():
    page = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    tables = {model._meta.db_table for model in apps.get_models() if model._meta.app_label in OURS | {"sessions"}}
    assert sorted(table for table in tables if f"| `{table}` |" not in page) == []
    assert sorted(set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) - tables) == []


# Modules that read this machine's clock, each with its reason; every other uses portal/time/database_clock.py.
MACHINE_CLOCK = {
    "portal/time/database_clock.py": "the clock's own room",
    "portal/identity/models/staff.py": "django-otp writes and compares the same instants with timezone.now()",
    "portal/identity/models/person.py": "created_at is shown, never compared",
    "portal/secrets/session_store.py": "Django writes and compares the same instants with timezone.now()",
    "pharmacies/files/run_folder.py": "compares with the times of files of this machine",
    "portal/demo/identity/openid_views.py": "the zone of UTC, no instant",
    "portal/demo/management/commands/up.py": "prints a code of the authenticator app, and measures its own start",
}
# Modules that use the real time though people moved the portal's clock (docs/architecture.md, "Two times"). All of portal/identity
# and portal/demo/identity does, and uses no other.
REAL_TIME = {
    "portal/time/clock.py": "the clock's own room",
    "portal/time/database_clock.py": "the clock's own room",
    "portal/demo/clock/moving.py": "moves the clock",
    "portal/demo/clock/views.py": "shows both times",
    "portal/demo/gestionale_views.py": "the signature of a call",
    "portal/outbox/bounces/views.py": "the signature of a report",
    "portal/outbox/depth.py": "leases",
    "portal/outbox/letters.py": "the Date of a letter",
    "portal/outbox/models/letter.py": "leases",
    "portal/outbox/sending/delivery.py": "leases, and how slow a mail server is",
    "sessions/credentials/certificates.py": "the validity of a certificate",
    "sessions/models/certificate.py": "the validity of a certificate",
    "sessions/models/webhook.py": "leases",
    "sessions/staff/lists/follow.py": "attempts at the staff's door",
    "sessions/staff/lists/follow_door.py": "attempts at the staff's door",
    "sessions/webhooks/calls.py": "leases, and the signature of a call",
    "sessions/staff/pharmacy/person_acts.py": "sessions of people end in real time",
    "sessions/webhooks/post.py": "a date in the answer of a gestionale",
}


def test_instants_come_from_the_clock_that_all_processes_share():
    machine = re.compile(
        r"\btimezone\.now\b|\bdatetime\.(?:utc)?now\(|\bdate\.today\(|\btime\.time\(|\blocal(?:date|time)\(\)|\bauto_now"
    )
    reads = {
        named(path)
        for path in python_files()
        if not {"tests", "migrations"} & set(path.relative_to(ROOT).parts)
        and machine.search(path.read_text(encoding="utf-8"))
    }
    assert reads == set(MACHINE_CLOCK)


def test_real_time_is_used_where_the_world_outside_counts_and_nowhere_else():
    real, portals = (
        re.compile(r"\breal_(?:of|now|now_of|now_to_write)\b"),
        re.compile(r"(?<!real_)\bnow_of\(|clock\.now(?:_to_write)?\("),
    )
    outside, mixed = set(), set()
    for path in python_files():
        name, text = named(path), path.read_text(encoding="utf-8")
        if {"tests", "migrations"} & set(path.relative_to(ROOT).parts):
            continue
        if not name.startswith(("portal/identity/", "portal/demo/identity/")):
            outside |= {name} if real.search(text) else set()
        elif portals.search(text):
            mixed.add(name)
    assert outside == set(REAL_TIME)
    assert mixed == {"portal/identity/staff/mailbox.py"}  # its letters carry the portal's time
