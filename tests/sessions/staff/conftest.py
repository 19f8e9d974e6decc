"""Pharmacies and ids in a given situation, at a fixed instant."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import count
from uuid import uuid4

import pytest
import time_machine
from django.contrib.auth.hashers import make_password

from pharmacies.models import MailCertification, Pharmacy, Utenza
from portal.identity.models import User
from portal.outbox.models import OutgoingMail
from portal.secrets.codes import digest
from portal.secrets.sealing import seal
from sessions.models import Context, IdSessione
from tests.conftest import ANNA, make_pharmacy

NOW = datetime(2026, 11, 23, 13, 32, 10, tzinfo=UTC)  # 14:32:10 in Italy
STATUS = "/operatori/stato-sessioni/"
_numbers = count(6000)


@pytest.fixture(autouse=True)
def now():
    """The clock stands at 14:32:10, Italian time, of Monday 23 November 2026."""
    with time_machine.travel(NOW, tick=False):
        yield NOW


def letter_for(pharmacy: Pharmacy, address: str, at: datetime, answer: str | None = "250 2.0.0 Ok") -> OutgoingMail:
    """A letter that the server accepted (2xx), refused (5xx) or has not received yet (None)."""
    refused = answer is not None and answer.startswith("5")
    return OutgoingMail.objects.create(
        kind=OutgoingMail.Kind.ISSUED, about=pharmacy.code, recipient=address, subject="ID SESSIONE",
        message_id=f"<{uuid4()}@portale.example>", secret=True, created_at=at, next_attempt_at=at,
        give_up_at=at + timedelta(hours=16), attempts=int(answer is not None), last_answer=answer or "",
        accepted_at=at if answer is not None and not refused else None, failed_at=at if refused else None,
    )  # fmt: skip


def utenza_of(pharmacy: Pharmacy) -> Utenza:
    found = Utenza.objects.filter(pharmacy=pharmacy).first()
    return found or Utenza.objects.create(
        pharmacy=pharmacy, user_id=f"UV{next(_numbers)}", password=make_password("SALVE"),
        pincode=make_password("1729594276"), codice_fiscale=ANNA, codice_regione="042", codice_asl="001",
        codice_ssa="045120", created_at=NOW, password_changed_at=NOW,
    )  # fmt: skip


def certification_of(pharmacy: Pharmacy, address: str) -> MailCertification:
    found = MailCertification.objects.filter(pharmacy=pharmacy).first()
    who = User.objects.for_person(ANNA, "Anna", "Rossi")
    at = NOW - timedelta(days=3)
    return found or MailCertification.objects.create(
        pharmacy=pharmacy, address=address, address_key=address, requested_by=who, requested_at=at, certified_at=at,
        certified_by=who, certified_with="SPID livello 2",
    )  # fmt: skip


@pytest.fixture
def give_id(db):
    """give_id(pharmacy, left=timedelta(hours=9)): an id with that much time left (negative: expired)."""

    def give(
        pharmacy: Pharmacy | None = None, left: timedelta = timedelta(hours=9), *, name: str = "", answer="250 Ok",
        last4: str = "4hwd", **fields,
    ) -> IdSessione:  # fmt: skip
        pharmacy = pharmacy or make_pharmacy(str(next(_numbers)), name or "Dolomiti")
        certification = certification_of(pharmacy, f"idsessione@farmacia{pharmacy.code}.it")
        expires_at = NOW + left
        requested_at = expires_at - timedelta(hours=16)
        context, _ = Context.objects.get_or_create(contesto="RICETTA-DEM", applicazione="EROGATORE")
        utenza = utenza_of(pharmacy)
        IdSessione.objects.filter(utenza=utenza, closed_at=None, expires_at__lte=NOW).update(closed_at=NOW)
        plain = f"{uuid4()}"[:-4] + last4
        return IdSessione.objects.create(
            **{
                "utenza": utenza, "pharmacy": pharmacy, "context": context, "certification": certification,
                "digest": digest(plain), "last4": last4, "sealed": seal(plain.encode()), "requested_at": requested_at,
                "expires_at": expires_at, "letter": letter_for(pharmacy, certification.address, requested_at, answer),
                **fields,
            }
        )  # fmt: skip

    return give


@pytest.fixture
def three(give_id) -> list[IdSessione]:
    """Three pharmacies with a live id."""
    return [give_id(name=name) for name in ("Prima", "Seconda", "Terza")]


@pytest.fixture
def page(carla_client):
    """page("stato=attive"): the page as text, entities and spaces resolved."""

    def get(query: str = "") -> str:
        response = carla_client.get(f"{STATUS}?{query}")
        assert response.status_code == 200
        return response.content.decode()

    return get


def rows(html: str) -> list[str]:
    """The text of each row of the table, top to bottom."""
    body = re.search(r'<table class="cards-table[^"]*".*?<tbody>(.*?)</tbody>', html, re.DOTALL)
    return [words(row) for row in re.findall(r"<tr>(.*?)</tr>", body[1], re.DOTALL)] if body else []


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def counter(html: str, word: str) -> int:
    tile = re.search(rf'<a class="counter[^>]*>(?:(?!</a>).)*{word}.*?</a>', html, re.DOTALL)
    return int(re.search(r"<strong[^>]*>(\d+)</strong>", tile[0])[1])
