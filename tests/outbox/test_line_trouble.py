"""A mail server with unusable TLS or login: a sentence of its own for the staff, no internal detail for the pharmacist."""

import ssl
from datetime import timedelta

import pytest
from aiosmtpd import smtp
from aiosmtpd.controller import Controller
from django.core.mail.backends.smtp import EmailBackend
from django.utils import timezone

from portal.outbox.line_trouble import OUR_SERVER
from portal.outbox.sending.delivery import deliver_due
from tests.certificates import DAY, InHouseAuthority, self_signed, served_with
from tests.outbox.sink import free_port


class TakesEverything:
    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        return "250 2.0.0 taken"


class MailServer(Controller):
    """aiosmtpd with the test's settings: a certificate for STARTTLS, a login."""

    def __init__(self, **options):
        super().__init__(TakesEverything(), hostname="127.0.0.1", port=free_port(), ready_timeout=10)
        self.options = options

    def factory(self):
        return smtp.SMTP(self.handler, **self.options)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        self.stop()


class SslServer(MailServer):
    def __init__(self, context):
        super().__init__()
        self.ssl_context = context


@pytest.fixture
def deliver(write, settings, caplog):
    """Delivers one letter through the server; returns the row's reason and the sentence for the pharmacist."""

    def deliver(server, *, tls=True, ssl_=False, user=""):
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 5
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = user, user and "segreta-914"
        settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL = tls, ssl_
        row = write()
        deliver_due(timezone.now())
        row.refresh_from_db()
        shown = " ".join(step.text for step in row.delivery_steps)
        logged = " ".join(record.getMessage() for record in caplog.records if record.name.startswith("portal."))
        for said in (row.last_answer, shown, logged):
            assert "segreta" not in said
            assert "Error" not in said
            assert "SMTP" not in said.replace("SMTP server", "")
        return row, shown

    return deliver


@pytest.fixture
def trusted(tmp_path, monkeypatch):
    """A trusted authority. Its certificates lack a key identifier, which Python 3.13 refuses by default."""
    authority = InHouseAuthority(tmp_path)
    trust = ssl.create_default_context(cafile=str(authority.file))
    trust.verify_flags |= ssl.VERIFY_X509_STRICT
    monkeypatch.setattr(EmailBackend, "ssl_context", trust)
    return authority


def refused(row, shown, sentence):
    assert row.is_waiting
    assert row.attempts == 0  # no MAIL command was sent
    assert row.last_answer == f"{OUR_SERVER}: {sentence}"
    assert "un guasto del portale, non della casella" in shown
    assert "certificato" not in shown


def test_a_good_certificate_delivers(deliver, trusted):
    with MailServer(tls_context=served_with(trusted.server())) as server:
        row, _ = deliver(server)
    assert row.accepted_at


def test_an_expired_certificate_is_called_so(deliver, trusted):
    with MailServer(tls_context=served_with(trusted.server(ends_in=-DAY))) as server:
        refused(*deliver(server), "Il certificato del server di posta è scaduto")


def test_a_certificate_of_another_name_is_called_so(deliver, trusted):
    with MailServer(tls_context=served_with(trusted.server(host="altrove.example"))) as server:
        refused(
            *deliver(server),
            "Il certificato del server di posta è di un altro nome, non di quello scritto in EMAIL_URL",
        )


def test_a_certificate_that_signed_itself_is_called_so(deliver, trusted, tmp_path):
    with MailServer(tls_context=served_with(self_signed(tmp_path))) as server:
        refused(
            *deliver(server),
            "Il certificato del server di posta è firmato da sé stesso, non da un’autorità riconosciuta",
        )


def test_an_authority_that_nobody_knows_is_called_so(deliver, tmp_path):
    with MailServer(tls_context=served_with(InHouseAuthority(tmp_path).server())) as server:
        refused(
            *deliver(server), "Il certificato del server di posta è firmato da un’autorità che il portale non conosce"
        )


def test_a_server_without_starttls_is_called_so(deliver):
    with MailServer() as server:
        refused(*deliver(server), "Il server di posta non offre STARTTLS, che EMAIL_URL chiede")


def test_tls_on_a_port_that_speaks_none_is_called_so(deliver):
    with MailServer() as server:
        refused(*deliver(server, tls=False, ssl_=True), "Il server di posta non parla TLS su questa porta")


def test_tls_from_the_first_byte_delivers(deliver, trusted):
    with SslServer(served_with(trusted.server())) as server:
        row, _ = deliver(server, tls=False, ssl_=True)
    assert row.accepted_at


def test_a_refused_login_is_called_so(deliver):
    login = {
        "auth_require_tls": False,
        "authenticator": lambda *_: smtp.AuthResult(success=False, handled=False),
    }
    with MailServer(**login) as server:
        refused(
            *deliver(server, tls=False, user="portale"),
            "Il server di posta rifiuta il nome o la password del portale (risposta 535)",
        )


def test_a_server_that_knows_no_login_is_called_so(deliver):
    with MailServer() as server:
        refused(
            *deliver(server, tls=False, user="portale"),
            "Il server di posta non offre un accesso con nome e password, che EMAIL_URL chiede",
        )


def test_a_certificate_that_is_mended_lets_the_letter_leave(deliver, trusted):
    with MailServer(tls_context=served_with(trusted.server(ends_in=-DAY))) as server:
        row, _ = deliver(server)
    with MailServer(tls_context=served_with(trusted.server())) as server:
        deliver(server)
        deliver_due(timezone.now() + timedelta(minutes=1))
    row.refresh_from_db()
    assert row.accepted_at
