"""«Per chi sviluppa un gestionale»: everybody may read it, and its samples run as they are against a live server."""

import html
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from portal.demo.seed.a2f import open_test_users
from sessions.models import IdSessione
from sessions.soap import guide, wire_words
from tests.programs import skipped_without

PAGE = "/a2f/gestionali/"
ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
needs_curl = skipped_without(all(map(shutil.which, ("bash", "curl", "openssl"))), "needs bash, curl and openssl")
needs_php = skipped_without(shutil.which("php") is not None, "needs PHP: apt-get install php-cli php-soap")
needs_java = pytest.mark.skipif(
    shutil.which("java") is None, reason="needs Java 17, which the continuous integration lacks"
)


def sample(page: str, name: str) -> str:
    """The text of a sample as the browser shows it, without the page's protection of characters."""
    return html.unescape(re.search(rf'id="esempio-{name}"[^>]*><code>(.*?)</code>', page, re.DOTALL)[1])


@pytest.fixture
def page(live_server, settings, certified, certificate) -> str:
    """The page as a live server in TEST mode gives it."""
    settings.A2F_MODE = "TEST"
    open_test_users(certified.pharmacy, timezone.now())
    host = live_server.url.partition("://")[2]
    return Client().get(PAGE, HTTP_HOST=host).content.decode()


def run(command: list[str], folder: Path) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False, timeout=100
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@needs_curl
@pytest.mark.django_db(transaction=True)
def test_the_commands_give_an_id_and_say_that_it_is_valid(page, tmp_path) -> None:
    asking = sample(page, "curl")
    reply = run(["bash", "-c", asking], tmp_path)
    assert "<codEsito>0</codEsito>" in reply
    encrypting = "\n".join(asking.splitlines()[:2])  # in the same terminal, VALORE would still be set
    checking = ID.sub(ID.search(reply)[0], sample(page, "check"))
    assert "Valido" in run(["bash", "-c", f"{encrypting}\n{checking}"], tmp_path)


@pytest.mark.django_db(transaction=True)
def test_the_python_sample_runs(page, tmp_path) -> None:
    (tmp_path / "crea.py").write_text(sample(page, "python"), encoding="utf-8")
    assert run([sys.executable, "crea.py"], tmp_path) == "Valido\n"


@needs_php
@pytest.mark.django_db(transaction=True)
def test_the_php_sample_runs(page, tmp_path) -> None:
    (tmp_path / "crea.php").write_text(sample(page, "php"), encoding="utf-8")
    assert run(["php", "crea.php"], tmp_path) == "Valido\n"


@needs_java
@pytest.mark.django_db(transaction=True)
def test_the_java_sample_runs(page, tmp_path) -> None:
    (tmp_path / "Crea.java").write_text(sample(page, "java"), encoding="utf-8")
    assert ID.search(run(["java", "Crea.java"], tmp_path))
    assert IdSessione.objects.count() == 1


@pytest.mark.django_db
def test_in_production_no_public_user_is_on_the_page(client, settings) -> None:
    settings.A2F_MODE = "PRODUCTION"
    text = client.get(PAGE).content.decode()
    assert "UV386Q5B" not in text
    assert "TUA-UTENZA" in text


@pytest.mark.django_db
def test_every_code_has_a_line_and_every_sentence_a_code(client) -> None:
    codes = {found.code for found in vars(wire_words).values() if isinstance(found, wire_words.ResultCode)}
    assert guide.SHOWN.keys() <= codes
    text = html.unescape(client.get(PAGE).content.decode())
    for line in guide.code_lines():
        assert f"{line.outcome.type} {line.outcome.code}" in text
        assert line.outcome.sentence in text


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/informazioni/mappa/", "/informazioni/assistenza/", "/accesso/", "/prova/"])
def test_the_other_pages_lead_here(client, address) -> None:
    assert f'href="{PAGE}"' in client.get(address).content.decode()
