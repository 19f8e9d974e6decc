"""The request number in the worker's log lines; the counts of several processes in one response."""

import http.client
import json
from pathlib import Path

import pytest

from portal.demo import processes
from tests.outbox.sink import Sink, free_port
from tests.processes.conftest import ProcessWorld, until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]

GUNICORN = Path(__file__).resolve().parents[2] / "deploy" / "gunicorn.conf.py"
NUMBER = "3f2a9c1e7b444b1c"
POST = f"""
from django.core.mail import EmailMessage
from django.db import transaction
from portal.web.request_id import current
current.set("{NUMBER}")
with transaction.atomic():
    EmailMessage("Prova", "testo", to=["anna@farmacia.it"]).send()
"""


def test_the_number_of_the_request_is_in_the_line_that_the_worker_writes_about_its_letter(
    world: ProcessWorld, sink: Sink
):
    env = {"EMAIL_URL": sink.url, "LOG_FORMAT": "json"}
    sink.at_rcpt["anna@farmacia.it"] = ["550 5.1.1 unknown"]
    worker = world.start_worker(**env)
    until(lambda: "ready" in worker.log.read_text(encoding="utf-8") or _listens(world), 60, "the worker is there")
    world.run(POST, **env)
    until(
        lambda: "refused for ever" in worker.log.read_text(encoding="utf-8"),
        60,
        "the worker says that the letter was refused",
    )
    [line] = [
        json.loads(text) for text in worker.log.read_text(encoding="utf-8").splitlines() if "refused for ever" in text
    ]
    assert line["request_id"] == NUMBER
    assert "anna" not in worker.log.read_text(encoding="utf-8")


def _listens(world: ProcessWorld) -> bool:
    return world.run("from portal.celery import app; print(bool(app.control.ping(timeout=1)))") == "True"


def _ask(port: int, path: str) -> tuple[int, dict[str, str], str]:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        line.request("GET", path, headers={"X-Request-ID": NUMBER})
        answer = line.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode()
    finally:
        line.close()


def test_the_measures_add_up_what_every_process_counted(world: ProcessWorld):
    port = free_port()
    own = {"WEB_CONCURRENCY": "2", "PROMETHEUS_MULTIPROC_DIR": str(world.folder / "web"), "METRICS_FOLDERS": str(world.folder / "worker")}  # fmt: skip
    worker_counts = {"PROMETHEUS_MULTIPROC_DIR": str(world.folder / "worker")}
    (world.folder / "worker").mkdir()
    world.run("from portal import measures; measures.REMINDERS.labels('sent').inc(3)", **worker_counts)
    world.start(
        "web", [processes.PYTHON, "-m", "gunicorn", "-c", str(GUNICORN), "-b", f"127.0.0.1:{port}", "portal.wsgi", "--no-control-socket"], **own
    )  # fmt: skip
    until(lambda: _answers(port), 60, "gunicorn answers")
    for _ in range(10):  # a connection for each request, so that both workers get some
        status, headers, _ = _ask(port, "/a2f/gate")
        assert (status, headers["x-request-id"]) == (403, NUMBER)
    _, _, text = _ask(port, "/metrics")
    assert 'portal_gate_seconds_count{decision="missing"} 10.0' in text
    assert 'portal_reminders_settled_total{outcome="sent"} 3.0' in text
    assert len(list((world.folder / "web").glob("histogram_*.db"))) >= 2


def _answers(port: int) -> bool:
    try:
        return _ask(port, "/healthz")[0] == 200
    except OSError:
        return False
