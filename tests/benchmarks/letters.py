"""Inside the process of `make benchmark BENCH=engine KNOBS=letters`: letters a second through one round of a worker, beside
(a) Django's send_mass_mail on one connection and (b) postfix's smtp-source, all to the same mail server on loopback.
"""

import os
import shutil
import statistics
import subprocess
import sys
import time
from email import message_from_bytes, policy
from uuid import uuid4

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from django.conf import settings  # noqa: E402  the apps are there only now
from django.core.mail import get_connection, send_mass_mail  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, connections  # noqa: E402
from django.utils import timezone  # noqa: E402

from portal.outbox.models import OutgoingMail  # noqa: E402
from portal.outbox.sending.delivery import deliver_due  # noqa: E402
from portal.secrets.sealing import unseal  # noqa: E402
from tests.benchmarks.engine import against, say  # noqa: E402
from tests.benchmarks.many_ids import ManyIds  # noqa: E402

CHILDREN = 4  # the command line of docs/production.md
ENGINE = f"the engine, a worker of {CHILDREN}"


def engine(count: int, template: OutgoingMail, children: int) -> float:
    """Letters a second: writes `count` letters with an id as the portal does, then delivers them with `children` connections."""
    now = timezone.now()
    OutgoingMail.objects.bulk_create(
        [
            OutgoingMail(
                kind=template.kind, priority=template.priority, about=template.about, recipient=f"id{n}@farmacia{n % 500}.example",
                domain=f"farmacia{n % 500}.example", subject=template.subject, secret=True, message_id=f"<{uuid4()}@example.it>",
                sealed_source=template.sealed_source, created_at=now, next_attempt_at=now, give_up_at=template.give_up_at,
            ) for n in range(count)
        ], batch_size=1000,
    )  # fmt: skip
    seconds = _rounds(children)
    taken = OutgoingMail.objects.filter(created_at=now).exclude(accepted_at=None).count()
    if taken != count:
        raise SystemExit(f"{taken} of {count} letters were taken.")
    return count / seconds


def _rounds(children: int) -> float:
    """Delivers until nothing is due; returns seconds. The children are started before the clock."""
    connections.close_all()
    start, go = os.pipe()
    for _ in range(children):
        if os.fork() == 0:
            os.close(go)
            connection.ensure_connection()
            os.read(start, 1)  # until the server has closed the connection
            while deliver_due(timezone.now()):
                pass
            os._exit(0)
    time.sleep(1)
    began = time.perf_counter()
    os.close(go)
    for _ in range(children):
        os.wait()
    os.close(start)
    return time.perf_counter() - began


def mass_mail(count: int, template: OutgoingMail) -> float:
    """(a): a message as long as ours, text and HTML in one part (it sends no second part); no row, no sealing."""
    source = message_from_bytes(unseal(bytes(template.sealed_source)), policy=policy.default)
    text = "".join(source.get_body((kind,)).get_content() for kind in ("plain", "html"))
    letters = [
        (template.subject, text, "no-reply@portale.example", [f"id{n}@farmacia{n % 500}.example"]) for n in range(count)
    ]
    began = time.perf_counter()
    send_mass_mail(letters, connection=get_connection("django.core.mail.backends.smtp.EmailBackend"))
    return count / (time.perf_counter() - began)


def smtp_source(count: int, port: int) -> float | None:
    """(b): one session, messages of about the same size. None where smtp-source is not installed."""
    program = shutil.which("smtp-source") or shutil.which("smtp-source", path="/usr/sbin")
    if program is None:
        return None
    began = time.perf_counter()
    subprocess.run(
        [program, "-d", "-s", "1", "-m", str(count), "-l", "2500", "-f", "a@portale.example", "-t", "b@farmacia.example",
         f"inet:127.0.0.1:{port}"], check=True,
    )  # fmt: skip
    return count / (time.perf_counter() - began)


def measure(count: int, times: int) -> None:
    call_command("migrate", verbosity=0)
    template = OutgoingMail.objects.get(pk=ManyIds(timezone.now()).letter)
    OutgoingMail.objects.filter(pk=template.pk).withdraw(timezone.now())
    subjects = {
        ENGINE: lambda: engine(count, template, CHILDREN),
        "the engine, one child": lambda: engine(count, template, 1),
        "(a) send_mass_mail": lambda: mass_mail(count, template),
        "(b) smtp-source": lambda: smtp_source(count, settings.EMAIL_PORT),
    }
    found: dict[str, list[float]] = {name: [] for name in subjects}
    for number in range(times + 1):
        for name, run in subjects.items():
            say(f"{name} ...")
            per_second = run()
            if number and per_second is not None:  # the first one warms up
                found[name].append(per_second)
    print(
        "\n### Letters a second to a mail server on loopback\n\n| | letters/s (median) | of each run |\n|---|---:|---|"
    )
    for name, some in found.items():
        cells = (
            f"{statistics.median(some):,.0f} | {', '.join(f'{rate:,.0f}' for rate in some)}"
            if some
            else "not installed |"
        )
        print(f"| {name} | {cells} |")
    print("\n| | measured | to reach | |\n|---|---:|---:|---|")
    against("the engine / (a)", statistics.median(found[ENGINE]) / statistics.median(found["(a) send_mass_mail"]), 0.5)


if __name__ == "__main__":
    measure(int(sys.argv[1]), int(sys.argv[2]))
