"""SOAP stacks of other people live the life of an id: each reads a WSDL, creates, checks and revokes, and reads the refusals.

Each program gets its words from the environment, A2F_WSDL (an address or a path), A2F_ADDRESS, A2F_USER, A2F_PASSWORD, A2F_PINCODE
(encrypted), A2F_CF, A2F_REGION, A2F_ASL, A2F_SSA and A2F_EXPIRED (an expired id), and prints a line for each step of LIFE: its
name and 0, a code, or the sentence of the Fault. `make test-clients` runs them; A2F_OFFICIAL names a folder with the official
files, else ours are read from disk, whose tables are equal (tests/conformance/test_facts.py).
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.db.models import F

from sessions.models import IdSessione
from sessions.soap.schema import FOLDER, WSDL
from tests.programs import NODE_MODULES, skipped_without

pytestmark = [pytest.mark.clients, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]
HERE = Path(__file__).parent
OFFICIAL = Path(os.environ.get("A2F_OFFICIAL", FOLDER))
LIFE = {
    "create": "0", "check": "0", "state": "Valido", "revoke": "0", "again": "05", "revoked": "06", "expired": "07",
    "unknown": "603", "password": "Rejected by policy. (from client)",
}  # fmt: skip
# these two do not read the body of a 401
UNREAD = {"suds": {"password": "401"}, "gsoap": {"password": "401"}}


def _runs(*command: str) -> bool:
    return bool(shutil.which(command[0])) and subprocess.run(command, capture_output=True, check=False).returncode == 0


def _of_node(package: str) -> pytest.MarkDecorator:
    is_here = bool(shutil.which("node")) and (NODE_MODULES / package).is_dir()
    return skipped_without(is_here, f"needs Node and the package {package}: make clients")


def _gsoap(folder: Path, wsdl: str) -> list[str]:
    """Generates the client from the WSDL and compiles it."""
    for command in (
        ["wsdl2h", "-t", str(HERE / "typemap.dat"), "-o", "a2f.h", wsdl],
        ["soapcpp2", "-j", "-C", "-I/usr/share/gsoap/import", "a2f.h"],
        ["g++", "-I.", "-o", "life", str(HERE / "life.cpp"), "soapC.cpp", "soapauthentication_service_bindingProxy.cpp", "-lgsoap++"],
    ):  # fmt: skip
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False, timeout=240
        )
        assert done.returncode == 0, done.stderr
    return [str(folder / "life")]


PHP = skipped_without(
    _runs("php", "-r", "exit(extension_loaded('soap') ? 0 : 1);"), "needs PHP: apt-get install php-cli php-soap"
)
PERL = skipped_without(_runs("perl", "-MSOAP::Lite", "-e", "1"), "needs SOAP::Lite: apt-get install libsoap-lite-perl")
GSOAP = skipped_without(
    all(map(shutil.which, ("wsdl2h", "soapcpp2", "g++"))), "needs gSOAP: apt-get install gsoap libgsoap-dev g++"
)
SUDS = skipped_without(find_spec("suds") is not None, "needs suds: make clients")
STACKS: dict[str, Callable[[Path, str], list[str]]] = {
    "php": lambda folder, wsdl: ["php", str(HERE / "life.php")],
    "zeep": lambda folder, wsdl: [sys.executable, str(HERE / "life_zeep.py")],
    "suds": lambda folder, wsdl: [sys.executable, str(HERE / "life_suds.py")],
    "node-soap": lambda folder, wsdl: ["node", str(HERE / "life.mjs")],
    "strong-soap": lambda folder, wsdl: ["node", str(HERE / "strong.mjs")],
    "soap-lite": lambda folder, wsdl: ["perl", str(HERE / "life.pl")],
    "gsoap": _gsoap,
}
NEEDS = {
    "php": [PHP], "suds": [SUDS], "node-soap": [_of_node("soap")], "strong-soap": [_of_node("strong-soap")],
    "soap-lite": [PERL], "gsoap": [GSOAP],
}  # fmt: skip


@pytest.fixture(params=["served", "official"])
def wsdl(request: pytest.FixtureRequest, service_url: str) -> str:
    return f"{service_url}?wsdl" if request.param == "served" else str(OFFICIAL / WSDL)


@pytest.mark.parametrize("stack", [pytest.param(name, marks=NEEDS.get(name, [])) for name in STACKS])
def test_a_foreign_stack_lives_the_life_of_an_id(stack, gest, wsdl, service_url, settings, tmp_path) -> None:
    settings.A2F_MODE = "TEST"
    expired = gest.create().token
    IdSessione.objects.update(
        requested_at=F("requested_at") - timedelta(hours=17), expires_at=F("expires_at") - timedelta(hours=17)
    )
    fields = gest.fields
    said = {
        "WSDL": wsdl, "ADDRESS": service_url, "USER": gest.user_id, "PASSWORD": gest.password, "CF": fields["cfUtente"],
        "PINCODE": fields["identificativo"]["valore"], "REGION": fields["codRegione"], "ASL": fields["codAslAo"],
        "SSA": fields["codSsa"], "EXPIRED": expired,
    }  # fmt: skip
    environment = {**os.environ, "NODE_MODULES": str(NODE_MODULES), "no_proxy": "*"}
    environment |= {f"A2F_{name}": value for name, value in said.items()}
    command = STACKS[stack](tmp_path, wsdl)
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, encoding="utf-8", check=False, timeout=60
    )
    printed = dict(line.split(" ", 1) for line in done.stdout.splitlines())
    assert printed == LIFE | UNREAD.get(stack, {}), done.stderr
