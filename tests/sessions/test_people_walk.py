"""Invariants for any sequence of files, acts of operators and holders, and requests for ids:

- nobody without an office in force opens a page or asks for an id;
- no file ends or changes what a person wrote;
- no change of people stops an id within its hours.
"""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pharmacies.files.tables import NothingRead
from pharmacies.models import MailCertification, Office, OfficeSource, Pharmacy, RoleRequest
from pharmacies.people import offices, role_requests
from pharmacies.people.office_importing import import_offices
from pharmacies.people.terms import ends_after
from portal.identity.models import User
from portal.time.clock import ROME
from sessions.ids import issuing_refused
from sessions.models import IdSessione
from tests.conftest import make_pharmacy, sign_in
from tests.sessions.conftest import make_utenza

Role = Office.Role
DAY = timedelta(days=1)
MORNING = datetime(2026, 3, 20, 8, tzinfo=UTC)  # the clocks change on the 29th
PEOPLE = (("RSSNNA80A41H501L", "Anna", "Rossi"), ("BNCBRN75B12F205N", "Bruno", "Bianchi"),
          ("MROLNE90P48G224U", "Elena", "Moro"))  # fmt: skip
ROLES = (Role.TITOLARE, Role.DIRETTORE, Role.GESTORE_PROVVISORIO, Role.DELEGATE)
SINCE = "01/01/2020"
VERBS = (
    "whole_file", "whole_file", "cut_file", "some_pharmacies", "desk_gives", "desk_corrects", "desk_ends", "delegate", "take_back",
    "ask_for_a_role", "approve", "refuse", "ask_for_an_id", "ask_for_an_id",
)  # fmt: skip
steps = st.lists(
    st.tuples(
        st.sampled_from(VERBS), st.integers(0, 1), st.integers(0, 10**6), st.sampled_from([0, 3, 16, 24, 24 * 31])
    ),
    min_size=4,
    max_size=12,
)
_numbers = count(1)


class PeopleWorld:
    """Two pharmacies with an address and an utenza, three people who are signed in, and an administration that sends files."""

    def __init__(self, folder, operator, context) -> None:
        self.folder, self.operator, self.context, self.now = folder, operator, context, MORNING
        number = next(_numbers)
        self.pharmacies = [make_pharmacy(f"{number}{letter}", "Una") for letter in "AB"]
        self.people = [User.objects.for_person(*person) for person in PEOPLE]
        self.utenze = [make_utenza(f"U{number}{n}", pharmacy) for n, pharmacy in enumerate(self.pharmacies)]
        for n, pharmacy in enumerate(self.pharmacies):
            address = f"uno{number}{n}@farmaciaprova.it"
            MailCertification.objects.create(
                pharmacy=pharmacy, address=address, address_key=address, requested_by=self.people[0], requested_at=MORNING,
                certified_at=MORNING - DAY, certified_by=self.people[0], certified_with="SPID livello 2",
            )  # fmt: skip
        self.ends: dict[int, datetime] = {}
        self.whole_file(0, 0b010001)

    def act(self, verb: str, n: int, value: int) -> None:
        before = self._written_by_people()
        refused = (offices.OfficeRefused, role_requests.RequestRefused, issuing_refused.IssuingRefused)
        with suppress(*refused), transaction.atomic():
            getattr(self, verb)(n, value)
        if verb in ("whole_file", "cut_file", "some_pharmacies"):
            assert self._written_by_people() == before, f"{verb} changed what a person wrote"

    def _written_by_people(self) -> list[tuple[object, ...]]:
        rows = self._offices().exclude(source=OfficeSource.FILE)
        return list(rows.order_by("pk").values_list("pk", "codice_fiscale", "role", "since", "until", "source"))

    def _offices(self):
        return Office.objects.filter(pharmacy__in=self.pharmacies)

    def _some_office(self, value: int, **which) -> Office | None:
        rows = list(self._offices().filter(**which).order_by("pk"))
        return rows[value % len(rows)] if rows else None

    def _import(self, value: int, pharmacies, *, end: str = "\n", **options) -> None:
        """`value`: three bits for each pharmacy say who is in the file; the following ones give roles and end dates."""
        lines = ["cod_farmacia;codice_fiscale;cognome;nome;ruolo;dal;al"]
        for n, pharmacy in enumerate(pharmacies):
            for m, (fiscal_code, given_name, family_name) in enumerate(PEOPLE):
                bit = 3 * n + m
                if value >> bit & 1:
                    role = ROLES[(value >> (6 + bit)) % len(ROLES)]
                    role = "delegato" if role == Role.DELEGATE else role.value
                    ends = ("", "", "", f"{(self.now - DAY).astimezone(ROME):%d/%m/%Y}")[(value >> (9 + bit)) % 4]
                    lines.append(f"{pharmacy.code};{fiscal_code};{family_name};{given_name};{role};{SINCE};{ends}")
        path = self.folder / f"offices_{self.now.astimezone(ROME):%Y%m%d}.csv"
        path.write_text("\n".join(lines) + end, encoding="utf-8")
        with suppress(NothingRead):
            import_offices(path, self.now, **options)

    def whole_file(self, n, value):
        self._import(value, self.pharmacies, accept_as_whole="prova", allow_ending=bool(value % 2))

    def cut_file(self, n, value):
        self._import(value, self.pharmacies, end=";01/0")

    def some_pharmacies(self, n, value):
        self._import(value, self.pharmacies[n:], only_these=True, accept_as_whole="prova")

    def desk_gives(self, n, value):
        ends = (None, self.now + 3 * DAY)[value % 2]
        offices.give(
            self.pharmacies[n], PEOPLE[value % 3][0], ROLES[value % 4], since=self.now, until=ends, source=OfficeSource.DESK,
            by=self.operator, because="prova", now=self.now,
        )  # fmt: skip

    def desk_corrects(self, n, value):
        if office := self._some_office(value, pharmacy=self.pharmacies[n]):
            offices.correct(office, by=self.operator, because="prova", now=self.now, role=ROLES[value % 4])

    def desk_ends(self, n, value):
        if office := self._some_office(value, pharmacy=self.pharmacies[n]):
            offices.end(
                office, ends_after(self.now.astimezone(ROME).date()), by=self.operator, because="prova", now=self.now
            )

    def delegate(self, n, value):
        holder = self.people[value % 3]
        if self._is_in_office(holder, self.pharmacies[n], certifying=True):
            offices.give(
                self.pharmacies[n], PEOPLE[(value + 1) % 3][0], Role.DELEGATE, since=self.now, until=self.now + 90 * DAY,
                source=OfficeSource.DELEGATION, by=holder, now=self.now,
            )  # fmt: skip

    def take_back(self, n, value):
        office = self._some_office(value, pharmacy=self.pharmacies[n], source=OfficeSource.DELEGATION)
        if office is not None and office.written_by is not None:
            offices.end(office, self.now, by=office.written_by, because="", now=self.now)

    def ask_for_a_role(self, n, value):
        wanted = role_requests.Wanted(
            self.pharmacies[n].code, ROLES[value % 3], self.now.astimezone(ROME).date(), "01234567897"
        )
        role_requests.ask(self.people[value % 3], wanted, self.now)

    def approve(self, n, value):
        if row := RoleRequest.objects.open().filter(pharmacy=self.pharmacies[n]).order_by("pk").first():
            role_requests.approve(
                row,
                self.operator,
                role=row.role,
                since=row.since,
                until=None,
                because="prova",
                protocol="",
                now=self.now,
            )

    def refuse(self, n, value):
        if row := RoleRequest.objects.open().filter(pharmacy=self.pharmacies[n]).order_by("pk").first():
            role_requests.refuse(row, self.operator, "prova", self.now)

    def ask_for_an_id(self, n, value):
        """By a person on the page, who may hold no office."""
        person, pharmacy = self.people[value % 3], self.pharmacies[n]
        newest = IdSessione.objects.filter(pharmacy=pharmacy).count()
        with time_machine.travel(self.now, tick=False):
            self._client(person).post(reverse("sessions:request", args=[pharmacy.code]), {"confermo": "1"})
        made = IdSessione.objects.filter(pharmacy=pharmacy).order_by("-pk")[:1]
        if IdSessione.objects.filter(pharmacy=pharmacy).count() > newest:
            assert self._is_in_office(person, pharmacy), "an id for a person without an office"
            self.ends[made[0].pk] = made[0].expires_at

    def _client(self, person: User) -> Client:
        return sign_in(Client(), person, at=self.now)

    def _is_in_office(self, person: User, pharmacy: Pharmacy, *, certifying: bool = False) -> bool:
        """The rule in its simplest form, row by row."""
        rows = [row for row in pharmacy.offices.all() if row.since <= self.now]
        held = [row for row in rows if row.codice_fiscale == person.codice_fiscale]
        in_force = [row for row in held if row.until is None or row.until > self.now]
        return any(row.role != Role.DELEGATE or not certifying for row in in_force)

    def open_page(self, person: User, pharmacy: Pharmacy) -> None:
        with time_machine.travel(self.now, tick=False):
            status = self._client(person).get(reverse("pharmacies:overview", args=[pharmacy.code])).status_code
        assert status in (200, 404)
        if status == 200:
            assert self._is_in_office(person, pharmacy), "a page for a person without an office"

    def look_at_ids(self) -> None:
        for row in IdSessione.objects.filter(pk__in=self.ends).with_facts():
            if self.now < self.ends[row.pk] and row.revoked_at is not None:
                newer = IdSessione.objects.filter(utenza=row.utenza_id, requested_at=row.revoked_at)
                assert newer.exists(), "a change of people stopped an id within its hours"


@pytest.mark.processes
@pytest.mark.timeout(400)
@given(steps)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_people_change_and_nobody_else_comes_in(db, tmp_path_factory, carla, context, steps):
    with transaction.atomic():
        world = PeopleWorld(tmp_path_factory.mktemp("files"), carla, context)
        for verb, n, value, hours in steps:
            world.now += timedelta(hours=hours)
            world.act(verb, n, value)
            world.open_page(world.people[value % 3], world.pharmacies[n])
            world.look_at_ids()
        for person in world.people:
            for pharmacy in world.pharmacies:
                world.open_page(person, pharmacy)
        transaction.set_rollback(True)
