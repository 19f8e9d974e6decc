"""The form of a log line, and the data that no line may hold."""

import json
import logging
import sys

import pytest
from django.db import IntegrityError
from django.test import Client

from portal import logs
from portal.web import request_id


def written(form: str, words: str, *, error: Exception | None = None, **extra: object) -> str:
    """One line as the process would write it."""
    made = dict(logs.configuration(form)["formatters"]["line"])
    formatter = made.pop("()")(**made)
    trace = None
    if error is not None:
        try:
            raise error
        except type(error):
            trace = sys.exc_info()
    record = logging.getLogger("sessions.gate.decision").makeRecord(
        "sessions.gate.decision", logging.WARNING, __file__, 1, words, (), trace, extra=extra
    )
    return formatter.format(record)


@pytest.fixture(autouse=True)
def _no_request_is_under_way():
    request_id.current.set("")


@pytest.fixture
def number():
    token = request_id.current.set("3f2a9c1e")
    yield "3f2a9c1e"
    request_id.current.reset(token)


def test_a_line_in_production_is_one_json_object_with_the_number_of_the_request(number):
    line = written(logs.JSON, "Due\nrighe")
    assert "\n" not in line
    found = json.loads(line)
    assert (found["event"], found["level"], found["logger"], found["request_id"]) == (
        "Due\nrighe", "warning", "sessions.gate.decision", number,
    )  # fmt: skip
    assert found["timestamp"].endswith("Z")


def test_a_line_in_the_demonstration_is_text(number):
    line = written(logs.TEXT, "Ecco", page="access:home")
    assert line.endswith("WARNING sessions.gate.decision Ecco page=access:home [3f2a9c1e]")


def test_outside_any_request_there_is_no_number():
    assert "request_id" not in json.loads(written(logs.JSON, "Ecco"))


@pytest.mark.parametrize("form", [logs.JSON, logs.TEXT])
def test_a_traceback_tells_no_address_no_id_no_person(form):
    error = IntegrityError(
        "duplicate key for anna@farmaciasanmarco.it of RSSNNA80A41H501L id 0f8fad5b-d9cb-469f-a165-70867728950e\n"
        "DETAIL:  Failing row contains (12, via Roma 12, 482913).\n"
    )
    line = written(form, "Non riuscito", error=error)
    for secret in ("anna@", "RSSNNA80A41H501L", "0f8fad5b", "482913", "via Roma"):
        assert secret not in line
    assert "IntegrityError" in line


def test_what_django_adds_to_its_lines_stays_out():
    assert "segreto" not in written(logs.JSON, "Not Found", request="<WSGIRequest: GET '/?codice=segreto'>")


BARE = logging.makeLogRecord({})


@pytest.mark.django_db
def test_a_page_leaves_one_line_with_its_name_and_not_its_address(caplog):
    with caplog.at_level(logging.INFO, logger="portal.watch"):
        Client().get("/?indirizzo=anna@farmacia.it")
    [line] = [record for record in caplog.records if record.name == "portal.watch.doors"]
    assert (line.status, line.method) == (302, "GET")
    assert line.page
    # without a record's standard attributes, such as the code's path
    ours = {name: value for name, value in vars(line).items() if name not in vars(BARE)}
    assert "anna@" not in f"{line.getMessage()} {ours}"


def test_the_private_address_of_a_calendar_is_not_in_a_line():
    line = written(logs.JSON, "Method Not Allowed (POST): /calendario/3Odf3z-qbcG66VF.ics")
    assert json.loads(line)["event"] == "Method Not Allowed (POST): /calendario/…"
    assert json.loads(written(logs.JSON, "Not Found: /semaforo/Zq3b_1/"))["event"] == "Not Found: /semaforo/…/"
    assert "12-0a1b" not in written(logs.JSON, "Not Found: /copie/12-0a1b/")


@pytest.mark.parametrize(
    "path", ["/calendario/S.ics", "/Calendario/S.ics", "//calendario//S.ics", "/SEMAFORO/S/", "/copie/S", "/altro/S/x"]
)
def test_a_secret_in_a_path_is_in_no_line_however_it_is_spelled(path):
    secret = "q7Xw_zR2-mN8pL4tV6yB1cD3fG5hJ9kA"
    line = written(logs.TEXT, f"Not Found: {path.replace('S', secret)}")
    assert secret not in line
    assert "Not Found" in line
