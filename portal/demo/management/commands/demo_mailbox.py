"""`manage.py demo_mailbox --port 8025`: the mail server of the demonstration."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.demo.mailbox_server import serve


class Command(BaseCommand):
    help = "Accepts every letter, like a pharmacy's mail server, and shows it on /prova/posta/."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8025)

    def handle(self, *, port: int, **options: Any) -> None:
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        try:
            controller = serve(port)
        except OSError as error:
            raise CommandError(f"Port {port} is taken by another program.") from error
        self.stdout.write(f"The demo mailbox listens on 127.0.0.1:{port}.")
        stop.wait()
        controller.stop()
