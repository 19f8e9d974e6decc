"""gunicorn with the command line of docs/production.md, for the portal and for the two floors beside it."""

import http.client
import os
import re
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
                raise SystemExit(log.read_text(encoding="utf-8")[-2000:])
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

    def at_rest(self) -> "Server":
        """Waits until the workers use no processor: a load that ends leaves calls under way."""
        before, used = -1.0, self.processor_seconds()
        while used - before > 0.05:
            time.sleep(0.5)
            before, used = used, self.processor_seconds()
        return self

    def worker_megabytes(self, *, at_most: bool = False) -> float:
        """Resident memory of the largest worker in megabytes: now, or its peak."""
        word = "VmHWM" if at_most else "VmRSS"
        found = [
            re.search(rf"{word}:\s+(\d+) kB", (child / "status").read_text(encoding="utf-8"))
            for child in self._workers()
        ]
        return max(int(one[1]) for one in found if one) * 1024 / 1_000_000

    def processor_seconds(self) -> float:
        words = [(child / "stat").read_text(encoding="utf-8").rpartition(")")[2].split() for child in self._workers()]
        return sum(int(fields[11]) + int(fields[12]) for fields in words) / os.sysconf("SC_CLK_TCK")

    def _workers(self) -> list[Path]:
        children = (
            Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="utf-8").split()
        )
        return [Path("/proc") / child for child in children]

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
