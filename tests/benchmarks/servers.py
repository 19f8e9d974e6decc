"""gunicorn with the command line of docs/production.md, for the portal and for the two floors beside it."""

import http.client
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.outbox.sink import free_port

ROOT = Path(__file__).resolve().parents[2]
AS_IN_PRODUCTION = ["-c", str(ROOT / "deploy" / "gunicorn.conf.py")]


class Server:
    """One gunicorn on a port of its own."""

    def __init__(self, application: str, env: dict[str, str], log: Path) -> None:
        self.port = free_port()
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", application, *AS_IN_PRODUCTION, "-b", f"127.0.0.1:{self.port}", "--no-control-socket"],
                env=env, cwd=ROOT, stdout=output, stderr=output,
            )  # fmt: skip
        end = time.monotonic() + 60
        while not self._listens():
            if self.process.poll() is not None or time.monotonic() > end:
                raise SystemExit(log.read_text()[-2000:])
            time.sleep(0.2)

    def _listens(self) -> bool:
        try:
            self.ask("GET", "/a2f/gate", {})
        except OSError:
            return False
        return True

    def ask(self, method: str, path: str, headers: dict[str, str], body: str | None = None) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        answer = response.status, response.read().decode()
        connection.close()
        return answer

    def worker_megabytes(self) -> float:
        """The largest worker's resident memory."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        pages = [int(Path(f"/proc/{child}/statm").read_text().split()[1]) for child in children]
        return max(pages) * os.sysconf("SC_PAGE_SIZE") / 1_000_000

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
