"""The proxies of deploy/, each started with its published file: only addresses (free ports) and the log folder are replaced."""

import http.client
import re
import shutil
import ssl
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.outbox.sink import free_port
from tests.processes.conftest import ProcessWorld
from tests.programs import skipped_without

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
AROUND_NGINX = """
daemon off; master_process off; error_log {folder}/error.log; pid {folder}/nginx.pid;
events {{}}
http {{
    access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    include {file};
}}
"""


@dataclass(frozen=True)
class Proxy:
    name: str
    file: str  # under deploy/
    argv: Callable[[Path, int], list[str]]  # of the configuration and the port where it listens
    addresses: tuple[int, ...]  # as in the file: the portal, the service, then its own
    status_of_a_dead_portal: int
    tls: bool
    how_to_get_it: str

    @property
    def binary(self) -> str | None:
        """The path of a program: on PATH, beside this Python (pip), or in Debian's sbin."""
        places = [None, str(Path(sys.executable).parent), "/usr/sbin"]
        return next((found for place in places if (found := shutil.which(self.name, path=place))), None)

    @property
    def param(self) -> object:
        reason = f"no {self.name} on this machine ({self.how_to_get_it})"
        return pytest.param(self, id=self.name, marks=skipped_without(self.binary is not None, reason))

    def start(self, world: ProcessWorld, portal: int, service: int) -> "Front":
        """Starts the proxy in front of the service; it asks the portal. Both on loopback."""
        own = [free_port() for _ in self.addresses[2:]]
        text = (DEPLOY / self.file).read_text(encoding="utf-8").replace("/var/log/nginx", str(world.folder))
        for address, port in zip(self.addresses, (portal, service, *own), strict=False):
            text, replaced = re.subn(rf"(?<=[ :]){address}\b", str(port), text)
            assert replaced, f"{self.file} does not speak of {address}"
        configuration = world.folder / Path(self.file).name
        configuration.write_text(text, encoding="utf-8")
        front = own[0] if own else free_port()
        assert self.binary is not None
        world.start(self.name, [self.binary, *self.argv(configuration, front)])
        return Front(front, self.tls)


@dataclass(frozen=True)
class Front:
    """The address where the proxy listens."""

    port: int
    tls: bool

    def connection(self) -> http.client.HTTPConnection:
        if not self.tls:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        unverified = ssl._create_unverified_context()  # noqa: S323  its certificate is made as it starts
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=20, context=unverified)


def _nginx(configuration: Path, front: int) -> list[str]:
    around = configuration.parent / "nginx.conf"
    around.write_text(AROUND_NGINX.format(folder=configuration.parent, file=configuration), encoding="utf-8")
    return ["-p", str(configuration.parent), "-c", str(around)]


def _traefik(configuration: Path, front: int) -> list[str]:
    return [
        f"--entryPoints.websecure.address=127.0.0.1:{front}", f"--providers.file.filename={configuration}",
        "--providers.file.watch=false", "--global.checkNewVersion=false", "--global.sendAnonymousUsage=false",
    ]  # fmt: skip


def _envoy(configuration: Path, front: int) -> list[str]:
    return ["-c", str(configuration), "--concurrency", "1", "--disable-hot-restart"]


NGINX = Proxy("nginx", "nginx/a2f-gate.conf", _nginx, (8000, 9000, 8080), 500, False, "Debian: apt install nginx-light")
PORTAL_NGINX = Proxy("nginx", "nginx/portal.conf", _nginx, (8000, 8080), 502, False, "Debian: apt install nginx-light")
TRAEFIK = Proxy("traefik", "traefik/a2f-gate.yml", _traefik, (8000, 9000), 500, True, "make proxies")
ENVOY = Proxy("envoy", "envoy/a2f-gate.yaml", _envoy, (8000, 9000, 8080, 8081), 503, False, "make proxies")
EVERY = [proxy.param for proxy in (NGINX, TRAEFIK, ENVOY)]
