"""SOAP clients of other people behind each proxy of deploy/: the sentence of a refusal is what the till prints."""

import os
import re
import shutil
import subprocess
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
import zeep
from requests.auth import HTTPBasicAuth
from urllib3.exceptions import InsecureRequestWarning

from sessions.gate.decision import RefusalReason
from sessions.gate.soap_refusals import BASIC_SENTENCE, sentence
from tests.processes.conftest import ProcessWorld, until
from tests.processes.gate_scene import Scene, Toy, build_scene, toy_service
from tests.processes.proxies import EVERY
from tests.programs import NODE_MODULES, skipped_without
from tests.sessions.gate.gate_door import UNKNOWN, basic

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]
TILLS = Path(__file__).parent / "tills"
Till = Callable[[Path, str, str, str], str]  # the WSDL, userId, password, the id → what it prints
REPLY = b"""<?xml version="1.0"?>
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>
<dispensed xmlns="urn:dispensing"><outcome>erogata</outcome></dispensed></s:Body></s:Envelope>"""


class SoapToy(Toy):
    """The dispensing service: takes every prescription."""

    def do_POST(self) -> None:  # noqa: N802  a name of http.server
        self.rfile.read(int(self.headers["Content-Length"]))
        self.reached.append((self.path, self._lowered()))
        self.send_response(200)
        self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Content-Length", str(len(REPLY)))
        self.end_headers()
        self.wfile.write(REPLY)


def _has_php_soap() -> bool:
    if shutil.which("php") is None:
        return False
    modules = subprocess.run(["php", "-m"], capture_output=True, check=True, encoding="utf-8").stdout
    return "soap" in modules.split()


def php(wsdl: Path, user_id: str, password: str, plain: str) -> str:
    argv = ["php", str(TILLS / "till.php"), str(wsdl), user_id, password, plain]
    return subprocess.run(argv, capture_output=True, check=True, encoding="utf-8").stdout


def node(wsdl: Path, user_id: str, password: str, plain: str) -> str:
    argv = ["node", str(TILLS / "till.mjs"), str(wsdl), user_id, password, plain]
    env = {**os.environ, "NODE_MODULES": str(NODE_MODULES)}
    return subprocess.run(argv, capture_output=True, check=True, encoding="utf-8", env=env).stdout


def zeep_till(wsdl: Path, user_id: str, password: str, plain: str) -> str:
    session = requests.Session()
    session.trust_env = False  # a bundle that the environment names would replace `verify`
    session.verify, session.auth = False, HTTPBasicAuth(user_id, password)
    if plain:
        session.headers["Authorization2F"] = f"Bearer {plain}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InsecureRequestWarning)
        try:
            return str(
                zeep.Client(str(wsdl), transport=zeep.Transport(session=session)).service.dispense("1200A4000000001")
            )
        except zeep.exceptions.Error as fault:
            return str(fault)


@pytest.fixture(scope="module", params=EVERY)
def till_scene(shared_world: ProcessWorld, request: pytest.FixtureRequest) -> Iterator[Scene]:
    with toy_service(SoapToy) as toy:
        yield build_scene(request.param, shared_world, toy)
        shared_world.kill_all()


@pytest.fixture
def wsdl(till_scene: Scene, tmp_path: Path) -> Path:
    address = f"{'https' if till_scene.front.tls else 'http'}://127.0.0.1:{till_scene.front.port}/eroga"
    written = tmp_path / "dispensing.wsdl"
    text = (TILLS / "dispensing.wsdl").read_text(encoding="utf-8")
    written.write_text(text.replace("LOCATION", address), encoding="utf-8")
    return written


TILLS_TRIED = [
    pytest.param(zeep_till, id="zeep"),
    pytest.param(php, id="php", marks=skipped_without(_has_php_soap(), "no PHP with soap (Debian: php-cli php-soap)")),
    pytest.param(
        node, id="node", marks=skipped_without(NODE_MODULES.is_dir(), "no SOAP client of Node (make clients)")
    ),
]


@pytest.mark.parametrize("till", TILLS_TRIED)
def test_the_till_prints_why_the_gate_refused(till_scene: Scene, wsdl: Path, till: Till):
    user_id = till_scene.user_id
    assert till(wsdl, user_id, "SALVE", till_scene.live) == "erogata"
    before = len(Toy.reached)
    shown = {
        RefusalReason.MISSING: "", RefusalReason.MALFORMED: "1234", RefusalReason.UNKNOWN: UNKNOWN,
        RefusalReason.REVOKED: till_scene.revoked, RefusalReason.EXPIRED: till_scene.expired,
        RefusalReason.OTHER_CONTEXT: till_scene.elsewhere,
    }  # fmt: skip
    for reason, plain in shown.items():
        assert till(wsdl, user_id, "SALVE", plain) == sentence(reason)
    assert till(wsdl, "UVALTRA1", "SALVE", till_scene.live) == sentence(RefusalReason.OTHER_UTENZA)
    assert till(wsdl, user_id, "sbagliata", till_scene.live) == BASIC_SENTENCE
    assert len(Toy.reached) == before


def test_a_refusal_is_500_with_a_fault_and_the_challenge_of_basic_stays_401(till_scene: Scene):
    refused = till_scene.dispense(UNKNOWN)
    assert (refused.status, refused.headers["content-type"]) == (500, "text/xml; charset=utf-8")
    assert refused.body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>')
    assert "no-store" in refused.headers["cache-control"]
    unproved = till_scene.dispense(till_scene.live, password="sbagliata")
    assert (unproved.status, unproved.headers["www-authenticate"]) == (401, 'Basic realm="login", charset="UTF-8"')
    assert unproved.headers["content-type"] == "text/xml; charset=utf-8"


def test_no_refusal_is_an_error_of_the_authorizer(till_scene: Scene):
    """nginx logs an unexpected status of the gate as an error; Envoy and Traefik log one too."""
    for plain in (None, "1234", UNKNOWN, till_scene.revoked):
        assert till_scene.stopped(plain)[0] == 500
    assert till_scene.stopped(till_scene.live, password="sbagliata")[0] == 401
    logs = [*till_scene.world.folder.glob("error.log"), till_scene.world.folder / f"{till_scene.proxy.name}.log"]
    written = "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in logs)
    assert not re.search(r"\[(error|crit|alert|emerg)\]|\bERR\b|\[(error|critical)\]\[", written), written


def test_a_forged_header_of_the_caller_never_becomes_the_sentence(till_scene: Scene):
    lies = {"X-A2F-Sentence": "tutto bene", "X-A2F-Error": "0", "X-A2F-Reason": "none"}
    refused = till_scene.dispense(UNKNOWN, **lies)
    assert b"tutto bene" not in refused.body
    assert (refused.headers["x-a2f-error"], refused.headers["x-a2f-reason"]) == ("9101", "unknown")
    till_scene.dispense(till_scene.live, **{"X-A2F-Contesto": "BUGIA", "X-A2F-Applicazione": "BUGIA"})
    _, received = Toy.reached[-1]
    assert "BUGIA" not in received.values()
    assert basic(till_scene.user_id) not in received.values()


GRACE = """
from datetime import timedelta
from django.utils import timezone
from sessions.models import Context
Context.objects.filter(contesto="RICETTA-DEM").update(mandatory_from=timezone.now() + timedelta(days={days}))
"""


def test_before_the_date_the_service_receives_the_warning_and_a_caller_cannot_forge_one(till_scene: Scene):
    lies = {"X-A2F-Warning": "0", "X-A2F-Reason": "none", "X-A2F-Expires-At": "2099-01-01T00:00:00.000+01:00"}
    till_scene.dispense(till_scene.live, **lies)
    assert not set(lies.values()) & set(Toy.reached[-1][1].values())
    till_scene.world.run(GRACE.format(days=1))
    until(lambda: till_scene.dispense(UNKNOWN).status == 200, 20, "every worker knows the date")
    until(
        lambda: all(till_scene.dispense(UNKNOWN, **lies).status == 200 for _ in range(6)), 20, "every worker knows it"
    )
    _, received = Toy.reached[-1]
    assert (received["x-a2f-warning"], received["x-a2f-reason"]) == ("9101", "unknown")
    assert received["x-a2f-utenza"] == till_scene.user_id
    assert received.get("x-a2f-expires-at", "") == ""
    assert till_scene.dispense(None, password="sbagliata").status == 401
    till_scene.world.run(GRACE.format(days=-1))
    assert till_scene.stopped(UNKNOWN) == (500, "9101", "unknown")
