"""Headers that tell browsers what pages may do, and the addresses under /.well-known/."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

pytestmark = pytest.mark.django_db


def test_no_page_may_use_a_sensor(client):
    rules = client.get("/accesso/")["Permissions-Policy"]
    assert "camera=()" in rules
    assert "geolocation=()" in rules
    assert "clipboard-write=(self)" in rules


def test_going_out_clears_what_the_browser_stored(anna_client):
    answer = anna_client.post("/uscita/")
    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    assert "Clear-Site-Data" not in anna_client.get("/uscita/")


def test_security_txt_has_what_rfc_9116_requires(client, settings):
    settings.SECURITY_CONTACT = "sicurezza@regione.example"
    answer = client.get("/.well-known/security.txt")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    fields = dict(line.split(": ", 1) for line in answer.content.decode().splitlines())
    assert fields["Contact"] == "mailto:sicurezza@regione.example"
    assert fields["Canonical"].endswith("/.well-known/security.txt")
    ends = datetime.fromisoformat(fields["Expires"]).astimezone(UTC)
    assert timezone.now() + timedelta(days=100) < ends < timezone.now() + timedelta(days=365)


def test_without_a_contact_security_txt_names_the_page_of_the_assistance(client, settings):
    assert (
        f"Contact: {settings.PORTAL_URL}/informazioni/assistenza/"
        in client.get("/.well-known/security.txt").content.decode()
    )


def test_password_managers_find_the_page_that_changes_a_password(client):
    assert client.get("/.well-known/change-password")["Location"] == "/operatori/mio-accesso/password/"


def test_a_forbidden_page_is_one_line_of_the_log_with_the_account(anna_client, anna, caplog):
    with caplog.at_level("INFO"):
        assert anna_client.get("/operatori/mio-accesso/").status_code == 403
    lines = [record for record in caplog.records if "forbidden" in record.getMessage().lower()]
    assert len(lines) == 1
    assert lines[0].exc_info is None
    assert anna.codice_fiscale not in lines[0].getMessage()
    assert Client().get("/operatori/mio-accesso/").status_code == 302
