"""A relay that refuses the portal for an hour of the day (rate limit, block list, DNS records); no mailbox is at fault."""

import socket
from datetime import datetime, timedelta

from tests.day.shape import BEGINS
from tests.day.sink import Mode

KIND = "SMTP: refuses us for an hour"
SINCE, UNTIL = (
    BEGINS + timedelta(hours=1, minutes=30),
    BEGINS + timedelta(hours=2, minutes=30),
)  # 8:30 to 9:30, the peak


class RefusingRelay:
    """Switches the mail server's mode; the caller calls step() with the instant of the day about once a second."""

    def __init__(self, smtp_port: int) -> None:
        self._line = socket.create_connection(("127.0.0.1", smtp_port), timeout=10)
        self._refuses = False
        self.done: list[tuple[float, str]] = []  # second of the day, what

    def step(self, now: datetime) -> None:
        refuses = SINCE <= now < UNTIL
        if refuses is not self._refuses:
            self._line.sendall(f"XMODE {Mode.ABOUT_US if refuses else Mode.ACCEPT}\r\n".encode())
            self._refuses = refuses
            self.done += [(now.timestamp(), KIND)] if refuses else []
