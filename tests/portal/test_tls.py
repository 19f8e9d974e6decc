"""A certificate is verified in the same way on Python 3.11, 3.12 and 3.13: chain, name, dates, and no form of RFC 5280."""

import ast
import ssl
from pathlib import Path
from socket import create_connection, create_server
from threading import Thread

import pytest

from portal import tls
from tests.certificates import DAY, InHouseAuthority, as_python_3_13, self_signed, served_with

ROOT = Path(__file__).resolve().parent.parent.parent
CALLS = {"Client", "AsyncClient", "get", "post", "request", "stream"}
HERE_ONLY = {"portal/demo/till/client.py"}  # speaks http to this machine


def shakes_hands(certificate: Path, trust: ssl.SSLContext) -> None:
    """Raises ssl.SSLCertVerificationError when the client refuses the server's certificate."""
    with create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            line, _ = server.accept()
            try:
                with served_with(certificate).wrap_socket(line, server_side=True) as spoken:
                    spoken.recv(1)
            except OSError:
                line.close()

        thread = Thread(target=serve)
        thread.start()
        try:
            with (
                create_connection(server.getsockname(), timeout=10) as line,
                trust.wrap_socket(line, server_hostname="127.0.0.1"),
            ):
                pass
        finally:
            thread.join()


@pytest.fixture
def authority(tmp_path, monkeypatch) -> InHouseAuthority:
    as_python_3_13(monkeypatch)
    return InHouseAuthority(tmp_path)


def test_the_default_of_python_3_13_refuses_an_old_authority(authority):
    trust = ssl.create_default_context(cafile=str(authority.file))
    with pytest.raises(ssl.SSLCertVerificationError, match="Missing Authority Key Identifier"):
        shakes_hands(authority.server(), trust)


def test_the_portal_accepts_it_on_every_version(authority):
    shakes_hands(authority.server(), tls.of_the_system(str(authority.file)))


@pytest.mark.parametrize("wrong", [{"ends_in": -DAY}, {"host": "altrove.example"}])
def test_name_and_dates_are_verified(authority, wrong):
    with pytest.raises(ssl.SSLCertVerificationError):
        shakes_hands(authority.server(**wrong), tls.of_the_system(str(authority.file)))


def test_an_authority_that_nobody_trusts_is_refused(authority, tmp_path):
    for certificate in (authority.server(), self_signed(tmp_path)):
        for trust in (tls.of_the_system(), tls.of_the_web()):
            with pytest.raises(ssl.SSLCertVerificationError):
                shakes_hands(certificate, trust)


def test_every_call_goes_by_this_rule():
    """No context of Python's own, no httpx client with a default of its own, outside portal/tls.py."""
    files = [path for folder in ("portal", "pharmacies", "sessions") for path in (ROOT / folder).rglob("*.py")]
    names = {path: str(path.relative_to(ROOT)) for path in files}
    assert [
        f"{names[path]}:{call.lineno}"
        for path in files
        if names[path] not in {"portal/tls.py", *HERE_ONLY}
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and _verifies_by_itself(call)
    ] == []


def _verifies_by_itself(call: ast.Call) -> bool:
    called = ast.unparse(call.func)
    if called in ("ssl.create_default_context", "create_default_context", "httpx.create_ssl_context"):
        return True
    says = {word.arg: ast.unparse(word.value) for word in call.keywords}
    return called in {f"httpx.{name}" for name in CALLS} and not ("tls." in says.get("verify", "") or _is_trust(says))


def _is_trust(says: dict[str | None, str]) -> bool:
    """The command a2f chooses between the two contexts of portal/tls.py in a function of its own."""
    return says.get("verify", "").startswith("_trust(")
