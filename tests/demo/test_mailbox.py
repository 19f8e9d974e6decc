"""The demo mailbox: a real SMTP server that stores its messages, and the pages that show them."""

import smtplib
from email.message import EmailMessage

import pytest
from django.test import Client
from django.utils import timezone

from portal.demo.mailbox_server import serve
from portal.demo.models import DemoLetter
from tests.outbox.sink import free_port


@pytest.fixture
def server(transactional_db):
    """The server's thread has a connection of its own: the rows must be committed."""
    port = free_port()
    controller = serve(port)
    yield port
    controller.stop()


def message(to: str, html: str = "<html><head></head><body><p style='color:red'>Ciò</p></body></html>") -> EmailMessage:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "no-reply@portale.example", to, "Però: è arrivata"
    letter["Message-ID"] = f"<{to}>"
    letter.set_content("Il codice è 914203.")
    letter.add_alternative(html, subtype="html")
    return letter


def hand_over(port: int, to: str) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as line:
        line.send_message(message(to))


@pytest.fixture
def letter(db) -> DemoLetter:
    raw = message("anna@farmacia.it").as_bytes()
    return DemoLetter.objects.create(
        received_at=timezone.now(), recipient="anna@farmacia.it", subject="Però: è arrivata", raw=raw
    )


def test_what_the_server_takes_is_kept_as_it_came(server):
    hand_over(server, "anna@farmacia.it")
    row = DemoLetter.objects.get()
    assert row.recipient == "anna@farmacia.it"
    assert row.subject == "Però: è arrivata"
    assert "Il codice è 914203." in row.text
    assert "Ciò" in row.html


@pytest.mark.parametrize(("to", "answer"), [("piena@x.it", b"552 5.2.2"), ("inesistente@x.it", b"550 5.1.1")])
def test_the_full_and_the_unknown_mailbox_refuse(server, to, answer):
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        hand_over(server, to)
    code, words = refused.value.recipients[to]
    assert b"%d %s" % (code, words[:5]) == answer
    assert not DemoLetter.objects.exists()


def test_the_slow_mailbox_asks_to_come_back_once(server):
    with pytest.raises(smtplib.SMTPDataError, match="451"):
        hand_over(server, "lenta@x.it")
    hand_over(server, "lenta@x.it")
    assert DemoLetter.objects.count() == 1


def test_the_list_shows_the_newest_first(letter, client: Client):
    DemoLetter.objects.create(received_at=timezone.now(), recipient="b@x.it", subject="Più recente", raw=b"")
    page = client.get("/prova/posta/").content.decode()
    assert page.index("Più recente") < page.index("Però: è arrivata")


def test_the_list_can_be_kept_to_one_address(letter, client: Client):
    assert "Però: è arrivata" in client.get("/prova/posta/?a=ANNA@").content.decode()
    page = client.get("/prova/posta/?a=carla").content.decode()
    assert "Però: è arrivata" not in page
    assert "Nessun messaggio a «carla»" in page


def test_an_empty_mailbox_says_what_to_do(db, client: Client):
    assert "Ancora nessun messaggio" in client.get("/prova/posta/").content.decode()


def test_a_letter_has_three_views(letter, client: Client):
    page = client.get(f"/prova/posta/{letter.pk}/").content.decode()
    assert f'src="/prova/posta/{letter.pk}/html/"' in page
    assert "Il codice è 914203." in client.get(f"/prova/posta/{letter.pk}/?vista=testo").content.decode()
    assert "Message-ID: &lt;anna@" in client.get(f"/prova/posta/{letter.pk}/?vista=sorgente").content.decode()
    assert client.get(f"/prova/posta/{letter.pk}/?vista=altro").status_code == 404


def test_only_the_frame_of_a_letter_may_use_inline_style_and_nothing_more(letter, client: Client):
    frame = client.get(f"/prova/posta/{letter.pk}/html/")
    policy = frame["Content-Security-Policy"]
    assert "style-src 'unsafe-inline'" in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "sandbox allow-popups" in policy
    assert "script" not in policy
    assert frame["X-Frame-Options"] == "SAMEORIGIN"
    page = client.get(f"/prova/posta/{letter.pk}/")
    assert "frame-src 'self'" in page["Content-Security-Policy"]
    assert "unsafe" not in page["Content-Security-Policy"]


def test_the_way_in_names_the_people_and_the_addresses_that_misbehave(db, client: Client):
    page = client.get("/prova/").content.decode()
    for words in ("Anna Rossi", "Bruno Bianchi", "carla", "piena@", "inesistente@", "lenta@", "/prova/posta/"):
        assert words in page
