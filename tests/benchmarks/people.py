"""`python -m tests.benchmarks.people`: the pages that a person opens at eight in the morning, beside a bare Django template view.

One process, whole requests through every middleware, in turns. The cost of a page is the processor of this process, which a busy
machine changes less than the time; with a PostgreSQL (DATABASE_URL, of a role that may create tables in an empty database) that
of its backend stands beside it. Without DATABASE_URL the database is SQLite, in a folder that goes away at the end. Two scenes: a
pharmacy with one utenza and two live ids, and one with five utenze, twenty live ids and four hundred old ones.
"""

import argparse
import gc
import os
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import process_time
from typing import Any

# pages: name, path, milliseconds of processor, queries at most
BOUNDS = {"Riepilogo": (8, 12), "id page": (8, 12), "Avvisi": (10, 12), "semaforo": (2, 1)}
SCENES = {"1 utenza, 2 live ids": (1, 1, 0), "5 utenze, 20 live ids, 400 old": (5, 2, 40)}


@dataclass(frozen=True)
class Look:
    """One request: milliseconds of processor of this process and of the backend of PostgreSQL, queries."""

    process: float
    backend: float
    queries: int


class Pages:
    """The portal in this process, and the processor that a request costs."""

    def __init__(self) -> None:
        from django.core.handlers.wsgi import WSGIHandler
        from django.db import connection
        from django.test import RequestFactory, override_settings

        self.handler = WSGIHandler()
        with override_settings(MIDDLEWARE=[]):
            self.bare = WSGIHandler()
        self.environ = RequestFactory().get("/").environ
        self.of_backend: Path | None = None
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("select pg_backend_pid()")
                self.of_backend = Path(f"/proc/{cursor.fetchone()[0]}/schedstat")

    def look(self, path: str, cookie: str = "", *, bare: bool = False) -> Look:
        from django.db import connection
        from django.test import override_settings

        environ = {**self.environ, "PATH_INFO": path, "HTTP_COOKIE": cookie}
        handler = self.bare if bare else self.handler
        with override_settings(ROOT_URLCONF="tests.benchmarks.people" if bare else "portal.urls"):
            queries = self._counted(connection, lambda: self._ask(handler, environ))
            gc.collect()
            backend, started = self._backend(), process_time()
            self._ask(handler, environ)
            spent, of_backend = process_time() - started, self._backend() - backend
        return Look(spent * 1000, of_backend * 1000, queries)

    def _ask(self, handler: Any, environ: dict[str, Any]) -> None:
        status: list[str] = []
        answer = handler(dict(environ), lambda line, headers: status.append(line))
        body = b"".join(answer)
        answer.close()
        assert status == ["200 OK"], (status, environ["PATH_INFO"])
        assert body

    def _backend(self) -> float:
        """Seconds of processor of the backend since it began; 0 on SQLite, which works inside this process."""
        return int(self.of_backend.read_text(encoding="utf-8").split()[0]) / 1e9 if self.of_backend else 0.0

    @staticmethod
    def _counted(connection: Any, act: Callable[[], None]) -> int:
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as captured:
            act()
        return len(captured)


def scene(number: int, utenze: int, kinds: int, old: int, now: datetime) -> tuple[str, str]:
    """Writes one pharmacy. Returns the code of the pharmacy and the path of its semaforo."""
    from pharmacies.models import MailCertification
    from portal.identity.models import User
    from sessions.hours.week import Week
    from sessions.ids import issuing, using
    from sessions.models import Context, IdSessione
    from sessions.reminders import planning
    from sessions.semaforo import link
    from tests.conftest import ANNA, make_pharmacy, make_titolare
    from tests.sessions.conftest import make_utenza

    pharmacy, anna = make_pharmacy(f"90{number}", f"San Marco {number}"), User.objects.for_person(ANNA, "Anna", "Rossi")
    make_titolare(anna, pharmacy)
    address = f"id{number}@farmaciasanmarco.it"
    MailCertification.objects.create(
        pharmacy=pharmacy, address=address, address_key=address, requested_by=anna, requested_at=now - timedelta(days=90),
        certified_at=now - timedelta(days=90), certified_by=anna, certified_with="SPID livello 2",
    )  # fmt: skip
    planning.set_hours(pharmacy, Week((((510, 750), (930, 1170)),) * 6 + ((),)), anna, now)
    contexts = list(Context.objects.for_pharmacies().open_to_new().order_by("pk")[:2])
    for one in range(utenze):
        utenza = make_utenza(f"UT{number}{one}", pharmacy)
        for n in range(old):
            for context in contexts:
                issuing.issue(utenza, context, now - timedelta(hours=20 * (old + 1 - n)), anna)
        for context in contexts:
            for n in range(kinds):
                row = issuing.issue(utenza, context, now - timedelta(hours=5 - n), anna).id_sessione
                if n < kinds - 1:
                    using.use(row, now - timedelta(hours=4))
    assert IdSessione.objects.filter(pharmacy=pharmacy).live(now).count() == utenze * kinds * len(contexts)
    return pharmacy.code, f"/semaforo/{link.make(pharmacy, anna, now)}/"


def compare(times: int) -> bool:
    """Prints a table for each scene. Returns whether every bound is reached."""
    from django.test import Client

    from portal.identity.models import User
    from portal.time import database_clock
    from sessions.semaforo import views
    from tests.conftest import ANNA, sign_in

    now, pages, reached = database_clock.now(), Pages(), True
    written = [scene(number, *size, now) for number, size in enumerate(SCENES.values())]
    client = sign_in(Client(), User.objects.get(codice_fiscale=ANNA))
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    for (code, semaforo), name in zip(written, SCENES, strict=True):
        place = f"/servizi/{code}/"
        paths = {"Riepilogo": place, "id page": f"{place}id-sessione/", "Avvisi": f"{place}avvisi/"}
        looks: dict[str, list[Look]] = {}
        for turn in range(times + 3):
            for limit in (views.OF_A_PLACE, views.OF_A_SCREEN):
                limit.forget()
            found = {page: pages.look(path, cookie) for page, path in paths.items()}
            found["semaforo"] = pages.look(semaforo)
            found["bare view"] = pages.look("/bare", bare=True)
            for page, look in found.items() if turn >= 3 else ():  # the first turns fill caches
                looks.setdefault(page, []).append(look)
        print(
            f"\n{name}\n\n| | ms | of a bare view | ms of PostgreSQL | queries | to reach | |\n|---|---:|---:|---:|---:|---|---|"
        )
        bare = statistics.median(look.process for look in looks["bare view"])
        for page, seen in looks.items():
            spent, queries = (
                statistics.median(look.process for look in seen),
                statistics.median_low(look.queries for look in seen),
            )  # once a minute the session is written too
            backend = statistics.median(look.backend for look in seen)
            most, many = BOUNDS.get(page, (None, None))
            well = most is None or many is None or (spent <= most and queries <= many)
            reached = reached and well
            words = f"≤ {most} ms, ≤ {many}" if most else "-"
            print(
                f"| {page} | {spent:.2f} | {spent / bare:.1f} | {backend:.2f} | {queries} | {words} | {'' if most is None else 'reached' if well else '**missed**'} |",
                flush=True,
            )
    return reached


def bare(request: Any) -> Any:
    """A bare template view: one template of the portal's size, no middleware, no query."""
    from django.shortcuts import render

    return render(request, "errors/400.html")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=60)
    times = parser.parse_args().times
    with tempfile.TemporaryDirectory(prefix="portal-benchmark-") as folder:
        os.environ |= {"PORTAL_VAR": folder, "PORTAL_MODE": "demo", "DJANGO_SETTINGS_MODULE": "portal.settings"}
        import django

        django.setup()
        import logging

        from django.conf import settings
        from django.core.management import call_command

        logging.disable(logging.INFO)
        settings.ALLOWED_HOSTS = ["testserver"]
        settings.CLOCK_MOVED = ""  # as in production: nobody moves the clock
        call_command("migrate", verbosity=0)
        reached = compare(times)
        print(f"\nEvery page within its bounds: {'reached' if reached else '**missed**'}")


def __getattr__(name: str) -> Any:
    """Gives the addresses of the bare view to Django, once the apps are there."""
    if name == "urlpatterns":
        from django.urls import include, path

        return [path("bare", bare), path("", include("portal.urls"))]
    raise AttributeError(name)


if __name__ == "__main__":
    main()
