"""The gallery of letters: whoever works on a letter sees all of them before people do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.test.signals import template_rendered

from portal.demo.gallery.letters import gallery_letters
from portal.demo.gallery.page import gallery_page, letter_view
from portal.demo.gallery.places import PLAIN_ID

MAIL = Path(settings.BASE_DIR) / "templates" / "mail"


@pytest.fixture
def letters(db):
    return gallery_letters()


def test_every_template_of_a_letter_is_in_the_gallery(db):
    rendered = set()

    def note(template, **rest):
        rendered.add(template.name)

    template_rendered.connect(note)
    try:
        gallery_letters()
    finally:
        template_rendered.disconnect(note)
    assert rendered >= {f"mail/{path.name}" for path in MAIL.iterdir()}


def test_each_letter_is_shown_as_it_travels(letters):
    views = [letter_view(letter) for letter in letters]
    assert len({view.name for view in views}) > 50
    for view in views:
        assert view.subject
        assert "\nSubject: =?utf-8?" in view.source_headers or f"\nSubject: {view.subject}" in view.source_headers
        assert not view.subject.startswith(" ")
        assert view.text.strip()
        assert view.html.startswith("<!doctype html>")
        assert len(view.frames) == 4
    assert any(PLAIN_ID in view.text for view in views)


def test_the_page_decides_the_colours_of_each_frame(letters):
    page = gallery_page(letters[:1])
    assert page.count("<iframe") == 4
    assert "prefers-color-scheme: dark" not in page
    assert "320 px, scuro" in page


@pytest.mark.processes
def test_the_command_writes_the_page_and_leaves_no_database(tmp_path):
    page = tmp_path / "letters.html"
    environment = {**os.environ, "VAR_DIR": str(tmp_path / "var"), "DATABASE_URL": ""}
    command = [sys.executable, "manage.py", "letters_gallery", str(page)]
    done = subprocess.run(
        command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, encoding="utf-8", check=True
    )
    assert page.as_uri() in done.stdout
    assert "Il tuo ID SESSIONE" in page.read_text(encoding="utf-8")
    assert not list((tmp_path / "var").glob("**/*.sqlite3"))
