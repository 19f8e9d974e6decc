"""Acts for the pharmacies at the times of their day: `python -m tests.day.asking PART OF PHARMACIES SEED BOOK`.

One of several processes: it acts for the pharmacies whose number modulo OF is PART. It appends a JSON line to BOOK for each
id and each code that the portal promised. The day is judged by these books, not by the portal's own database.
"""

import tests.day.inside  # isort: skip  # noqa: F401

import json
import os
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import Error, close_old_connections, connection
from django.utils import timezone

from pharmacies.addresses.examination import examine
from pharmacies.models import MailCertification, Utenza
from portal.identity.models import User
from sessions.ids import issuing, issuing_refused, revoking, using
from sessions.models import Context, IdSessione
from tests.day import shape
from tests.day.clock import Clock

AGAIN = 0.5  # seconds before a gestionale without an answer retries
AGAIN_FOR = 60.0  # seconds of retries
NEW_DOMAIN = "libero.example"  # domain of the new addresses; nobody types their codes, so the old address stays


class Asker:
    def __init__(self, utenze: dict[int, Utenza], anna: User, book: Any) -> None:
        self.utenze, self.anna, self.book = utenze, anna, book
        self.context = Context.objects.usual()
        self.newest: dict[int, IdSessione] = {}

    def act(self, act: shape.PlannedAct, late: float) -> None:
        """Performs the act, and retries database errors like a person would. Raises Error after AGAIN_FOR.

        `late`: real seconds since the planned time, because the process was busy.
        """
        end = time.monotonic() + AGAIN_FOR
        while True:
            try:
                self._once(act, late)
                return
            except issuing_refused.AddressUnreachable:  # the mailbox refused a letter before, so no id is promised
                self.book.write(json.dumps({"refused": True}) + "\n")
                return
            except Error:
                connection.close()
                if time.monotonic() > end:
                    raise
                time.sleep(AGAIN)

    def _once(self, act: shape.PlannedAct, late: float) -> None:
        began, now = time.time(), timezone.now()
        if act.verb == "ask":
            issued = issuing.issue(self.utenze[act.pharmacy], self.context, now)
            self.newest[act.pharmacy] = issued.id_sessione
            line = {"pk": issued.id_sessione.pk, "asked": began, "took": time.time() - began, "late": late}
            self.book.write(json.dumps(line) + "\n")
            return
        if act.verb == "certify":
            pharmacy = self.utenze[act.pharmacy].pharmacy
            assert pharmacy is not None  # filling.py sets it
            address = examine(f"nuova{act.pharmacy}@{NEW_DOMAIN}", check_mx=False)
            begun = MailCertification.objects.begin_and_send(pharmacy, address, self.anna, now)
            letter = begun.codes.values_list("letter__message_id", flat=True)[0]
            self.book.write(json.dumps({"code": letter, "asked": began}) + "\n")
            return
        row = self.newest.get(act.pharmacy)
        if row is not None:
            using.use(row, now) if act.verb == "use" else revoking.revoke(row, self.anna, now)


def main(part: int, of: int, count: int, seed: int, book: Path) -> None:
    habits = shape.habits(count, seed)
    own_acts = [act for act in shape.acts(habits, seed) if act.pharmacy % of == part]
    clock = Clock.load(Path(os.environ["DEMO_CLOCK"]))
    utenze = {int(row.user_id[2:]): row for row in Utenza.objects.select_related("pharmacy")}
    asker = Asker(utenze, User.objects.get(), book.open("a", buffering=1, encoding="utf-8"))
    for act in own_acts:
        due = clock.real_at(shape.BEGINS + timedelta(seconds=act.at))
        time.sleep(max(due - time.time(), 0))
        close_old_connections()
        asker.act(act, time.time() - due)


if __name__ == "__main__":
    part, of, count, seed = map(int, sys.argv[1:5])
    main(part, of, count, seed, Path(sys.argv[5]))
