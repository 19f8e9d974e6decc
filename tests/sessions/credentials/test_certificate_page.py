"""The public page of the certificate, its files, and the command that it prints."""

import os
import re
import shutil
import subprocess
from datetime import timedelta
from html import unescape

import pytest
import time_machine
from cryptography import x509

from sessions.credentials import certificates
from sessions.credentials.pincode import PincodeOutcome, check
from tests.sessions.conftest import MORNING

PAGE = "/a2f/certificato/"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(MORNING, tick=False) as moved:
        yield moved


def links(page: str) -> list[str]:
    return re.findall(rf'href="({PAGE}[^"]+)"', page)


def test_everybody_may_read_it_and_download_the_certificate(client):
    row = certificates.make(MORNING)
    page = client.get(PAGE).content.decode()
    assert "<h1>Certificato per cifrare il pincode</h1>" in page
    assert "22 novembre 2028" in page
    assert certificates.Published.of(row).sha256 in page
    pem, der = (client.get(link) for link in links(page))
    assert x509.load_pem_x509_certificate(pem.content) == x509.load_der_x509_certificate(der.content)
    assert pem.headers["Content-Disposition"] == f'attachment; filename="pincode-{row.serial[:8]}.pem"'


def test_while_one_takes_over_from_the_other_the_page_shows_both_the_newest_first(client, clock):
    first = certificates.make(MORNING)
    clock.shift(timedelta(days=1))
    second = certificates.make(MORNING + timedelta(days=1))
    page = client.get(PAGE).content.decode()
    assert page.index(second.serial) < page.index(first.serial)
    assert "Certificato precedente, ancora valido" in page


def test_one_that_is_retired_or_over_or_never_was_is_not_given(client, clock):
    row = certificates.make(MORNING)
    certificates.retire(row.serial, MORNING, even_the_last=True)
    assert client.get(f"{PAGE}{row.serial}.pem").status_code == 404
    assert client.get(f"{PAGE}abc.cer").status_code == 404
    over = certificates.make(MORNING, days=1)
    clock.shift(timedelta(days=1))
    assert client.get(f"{PAGE}{over.serial}.pem").status_code == 404


def test_without_any_the_page_says_so_and_prints_no_command(client):
    page = client.get(PAGE).content.decode()
    assert "Nessun certificato in servizio" in page
    assert "openssl" not in page


def test_nothing_private_is_on_the_page(client):
    certificates.make(MORNING)
    assert "PRIVATE" not in client.get(PAGE).content.decode()


def test_the_guide_and_the_map_lead_here(client):
    for slug in ("guida-id-sessione", "mappa", "assistenza"):
        assert f'href="{PAGE}"' in client.get(f"/informazioni/{slug}/").content.decode()


@pytest.mark.skipif(not (shutil.which("openssl") and shutil.which("bash")), reason="openssl or bash is not installed")
def test_the_command_on_the_page_encrypts_a_pincode_that_the_portal_reads(client, utenza, tmp_path):
    row = certificates.make(MORNING)
    page = client.get(PAGE).content.decode()
    (tmp_path / f"pincode-{row.serial[:8]}.pem").write_bytes(client.get(links(page)[0]).content)
    reading, encrypting, checking = re.findall(
        r"^(?:<pre.*<code>)?((?:read|printf|openssl).*?)(?:</code></pre>)?$", page, re.MULTILINE
    )
    said = subprocess.run(
        ["bash", "-c", f"{unescape(reading)}; {unescape(encrypting)}; echo; {unescape(checking)}"],
        input="1729594276\n", capture_output=True, encoding="utf-8", cwd=tmp_path, check=True, env={"PATH": os.environ["PATH"]},
    ).stdout.splitlines()  # fmt: skip
    assert check(utenza, said[0], MORNING) is PincodeOutcome.OK
    assert certificates.Published.of(row).sha256 in said[1]
