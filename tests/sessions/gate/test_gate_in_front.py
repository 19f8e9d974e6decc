"""The WSGI entrance: the gate answers before Django; every other request goes on to Django."""

import psycopg
import pytest
from django.db import connection

from sessions.gate import uses
from sessions.gate.views import GateInFront
from sessions.ids import issuing
from tests.sessions.conftest import MORNING
from tests.sessions.gate.gate_door import PASSED, UNKNOWN, basic, reply_of

QUERY = "contesto=RICETTA-DEM&applicazione=EROGATORE"


def front(path="/a2f/gate", begin=lambda: None, **environ):
    """Status, headers and body through the WSGI entrance; Django behind it would answer 200 `behind`."""
    said = {}

    def start_response(status, headers):
        said.update(status=status, headers=dict(headers))

    def behind(environ, start_response):
        start_response("200 OK", [])
        return [b"behind"]

    door = GateInFront(behind, begin=begin)
    body = door({"REQUEST_METHOD": "GET", "PATH_INFO": path, "REMOTE_ADDR": "127.0.0.1", **environ}, start_response)
    return said["status"], said["headers"], b"".join(body)


@pytest.fixture
def plain(utenza, certified, context, time_machine):
    time_machine.move_to(MORNING, tick=False)
    yield issuing.issue(utenza, context, MORNING).plain
    uses.forget()


@pytest.mark.django_db
def test_in_front_of_django_the_answer_is_the_same(plain):
    sent = {"QUERY_STRING": QUERY, "HTTP_AUTHORIZATION": basic(), "HTTP_X_IDSESSIONE": f"Bearer {plain}"}
    status, headers, body = front(**sent)
    assert (status, body) == ("204 No Content", b"")
    assert set(headers) == {"X-A2F-Utenza", "X-A2F-Codice-Fiscale", "X-A2F-Pharmacy", "X-A2F-Expires-At"}
    assert headers["X-A2F-Utenza"] == "UVANNA01"
    status, headers, _ = front(**{**sent, "HTTP_AUTHORIZATION": basic(password="sbagliata")})
    assert (status, headers["WWW-Authenticate"]) == ("401 Unauthorized", 'Basic realm="login", charset="UTF-8"')
    status, headers, _ = front(QUERY_STRING=QUERY)
    assert (status, headers["X-A2F-Error"], headers["X-A2F-Reason"]) == ("403 Forbidden", "9101", "missing")


@pytest.mark.parametrize("path", ["/", "/a2f/gate/", "/a2f/gatekeeper", "/prova/a2f/gate", "/A2F/GATE"])
def test_every_other_address_is_handed_on(path):
    assert front(path) == ("200 OK", {}, b"behind")


def test_what_cannot_be_answered_lets_nothing_pass(caplog):
    status, headers, body = front(HTTP_AUTHORIZATION2F=12)  # no server sends a number: it makes the code crash
    assert (status, headers["Cache-Control"], body) == ("503 Service Unavailable", "no-store", b"")
    assert "The gate could not answer." in caplog.text


def test_what_breaks_is_logged_without_the_secrets_of_the_call(caplog):
    secrets = [UNKNOWN, basic(), basic().removeprefix("Basic "), "SALVE", "id@farmaciasanmarco.it"]

    def broken() -> None:
        raise RuntimeError(" ".join(secrets))

    assert front(begin=broken, HTTP_AUTHORIZATION2F=f"Bearer {UNKNOWN}", HTTP_AUTHORIZATION=basic())[0].startswith(
        "503"
    )
    assert "RuntimeError" in caplog.text
    for secret in secrets:
        assert secret not in caplog.text


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["contesto=%00", "contesto=RICETTA-DEM%00&applicazione=EROGATORE", QUERY + "%00"])
def test_a_nul_in_the_context_is_no_context(plain, query, settings):
    settings.A2F_MODE = "TEST"
    wildcard = "UVANNA01-2026-11-RICETTA-DEM-EROGATORE"
    for shown in (plain, wildcard):
        status, headers, _ = front(
            QUERY_STRING=query, HTTP_AUTHORIZATION2F=f"Bearer {shown}", HTTP_AUTHORIZATION=basic()
        )
        assert (status, headers["X-A2F-Reason"]) == ("403 Forbidden", "other-context")


@pytest.mark.django_db
def test_a_nul_in_the_id_is_malformed(settings):
    settings.A2F_MODE = "TEST"
    _, headers, _ = front(QUERY_STRING=QUERY, HTTP_AUTHORIZATION2F="Bearer UV\0-2026-11-RICETTA-DEM-EROGATORE")
    assert headers["X-A2F-Reason"] == "malformed"


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_has_closed_is_replaced_unseen(plain):
    if connection.vendor != "postgresql":
        pytest.skip("an embedded database closes no connection")
    assert reply_of(plain) == PASSED
    lost = connection.connection.info
    with psycopg.connect(lost.dsn, password=lost.password, autocommit=True) as other:
        other.execute("select pg_terminate_backend(%s)", [lost.backend_pid])
    assert reply_of(plain) == PASSED
    assert connection.connection.info.backend_pid != lost.backend_pid


@pytest.mark.django_db(transaction=True)
def test_a_column_that_changes_its_type_under_running_workers_stops_nobody(plain):
    if connection.vendor != "postgresql":
        pytest.skip("an embedded database is changed while nothing runs")
    assert reply_of(plain) == PASSED  # the statement is prepared from here on
    alter = "alter table pharmacies_utenza alter column codice_fiscale type varchar(%s)"
    with psycopg.connect(connection.connection.info.dsn, password=connection.connection.info.password) as other:
        other.execute(alter % 17)
    try:
        assert reply_of(plain) == PASSED
    finally:
        with connection.cursor() as cursor:
            cursor.execute(alter % 16)
    assert reply_of(plain) == PASSED
