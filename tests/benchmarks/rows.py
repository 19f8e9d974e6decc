"""Fills the database of the environment: `python -m tests.benchmarks.rows ROWS UTENZE FOLDER`.

20,000 utenze, each with a pharmacy, a certified address and one id in use (Attivo, its fingerprint written as `create`
writes it); the rest of the rows is the past: revoked and expired ids. Most of it is made inside the database.
FOLDER receives `live.tsv`: id, Authorization header, body of a checkToken, of a create, and of a checkToken encrypted anew.
"""

import base64
import os
import sys
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from django.core.management import call_command  # noqa: E402  the apps are there only now
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from pharmacies.models import MailCertification, Pharmacy, Utenza  # noqa: E402
from portal.identity.models import User  # noqa: E402
from portal.outbox.models import OutgoingMail  # noqa: E402
from portal.secrets.codes import digest  # noqa: E402
from sessions.credentials import certificates  # noqa: E402
from sessions.credentials.fingerprint import fingerprint, of_ciphertext, of_pincode  # noqa: E402
from sessions.models import Context, IdSessione  # noqa: E402
from tests.sessions.soap.calls import encrypted, envelope  # noqa: E402

PASSWORD, PINCODE, CODICE_FISCALE = "SALVE", "1729594276", "RSSNNA80A41H501L"
TABLE = "pharmacy_sessions_idsessione"
COLUMNS = """utenza_id, pharmacy_id, context_id, certification_id, digest, last4, requested_at, expires_at, first_used_at,
    revoked_at, closed_at, uses, letter_id"""
# Every third id was replaced, the others ran out; they are spread over the two years before yesterday.
PAST = {
    "postgresql": """insert into {table} ({columns})
        select {utenza} + n %% {utenze}, {pharmacy} + n %% {utenze}, {context}, {certification} + n %% {utenze},
            sha256(('past' || n)::bytea), 'aaaa', at, at + interval '16 hours', at + interval '1 minute',
            case when n %% 3 = 0 then at + interval '8 hours' end, case when n %% 3 > 0 then at + interval '1 day' end,
            150, {letter}
        from (select n, %s::timestamptz - interval '2 years' * (n::float / {past}) as at from generate_series(1, {past}) n) as past""",
    "sqlite": """insert into {table} ({columns})
        with recursive past(n) as (select 1 union all select n + 1 from past where n < {past}),
        moments as (select n, unixepoch(%s) - n * 63072000 / {past} as at from past)
        select {utenza} + n %% {utenze}, {pharmacy} + n %% {utenze}, {context}, {certification} + n %% {utenze},
            randomblob(32), 'aaaa', datetime(at, 'unixepoch'), datetime(at + 57600, 'unixepoch'),
            datetime(at + 60, 'unixepoch'), case when n %% 3 = 0 then datetime(at + 28800, 'unixepoch') end,
            case when n %% 3 > 0 then datetime(at + 86400, 'unixepoch') end, 150, {letter}
        from moments""",
}


def fill(rows: int, utenze: int, folder: Path) -> None:
    call_command("migrate", verbosity=0)
    now = timezone.now()
    anna = User.objects.for_person(CODICE_FISCALE, "Anna", "Rossi")
    certificates.ensure_one(now)
    context, letter = Context.objects.usual(), _letter(now)
    model = Utenza()
    model.set_password(PASSWORD, now)
    model.set_pincode(PINCODE)
    numbers = range(utenze)
    pharmacies = Pharmacy.objects.bulk_create(
        [Pharmacy(code=f"B{n}", name=f"Farmacia {n}", comune="TRENTO") for n in numbers], batch_size=2000
    )
    addresses = MailCertification.objects.bulk_create(
        [
            MailCertification(
                pharmacy=one, address=f"b{one.code}@example.it", address_key=f"b{one.code}@example.it",
                requested_by=anna, requested_at=now, certified_at=now, certified_by=anna,
            ) for one in pharmacies
        ], batch_size=2000,
    )  # fmt: skip
    accounts = Utenza.objects.bulk_create(
        [
            Utenza(
                pharmacy=one, user_id=f"UB{one.code}", codice_fiscale=CODICE_FISCALE, codice_regione="042",
                codice_asl="001", codice_ssa="045120", created_at=now, password_changed_at=now,
                password=model.password, pincode=model.pincode,
            ) for one in pharmacies
        ], batch_size=2000,
    )  # fmt: skip
    statement = PAST[connection.vendor].format(
        table=TABLE, columns=COLUMNS, utenze=utenze, utenza=accounts[0].pk, pharmacy=pharmacies[0].pk,
        certification=addresses[0].pk, context=context.pk, letter=letter.pk, past=rows - utenze,
    )  # fmt: skip
    with without_indexes(), connection.cursor() as cursor:
        cursor.execute(statement, [(now - timedelta(days=2)).isoformat()])
    pairs, ciphertext = [(str(uuid4()), account) for account in accounts], encrypted(PINCODE)
    IdSessione.objects.bulk_create(
        [
            IdSessione(
                utenza=account, pharmacy_id=account.pharmacy_id, context=context, certification=address, letter=letter,
                digest=digest(plain), last4=plain[-4:], requested_at=now, expires_at=now + timedelta(hours=16),
                first_used_at=now, fingerprint=fingerprint(plain, account.user_id, PASSWORD, account.password),
                service_fingerprint=fingerprint(plain, account.user_id, PASSWORD, account.password),
                pincode_fingerprint=of_pincode(plain, account.user_id, PINCODE, account.pincode),
                ciphertext_fingerprint=of_ciphertext(plain, account.user_id, ciphertext, account.pincode),
            ) for (plain, account), address in zip(pairs, addresses, strict=True)
        ], batch_size=1000,
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("vacuum analyze" if connection.vendor == "postgresql" else "analyze")
        if connection.vendor == "postgresql":
            cursor.execute("checkpoint")
    _write(pairs, ciphertext, folder / "live.tsv")


def _letter(now):
    return OutgoingMail.objects.create(
        kind="issued", recipient="b@example.it", subject="-", message_id=f"<{uuid4()}@example.it>", created_at=now,
        give_up_at=now, next_attempt_at=now, accepted_at=now,
    )  # fmt: skip


class without_indexes:  # noqa: N801  reads as a verb
    """PostgreSQL builds the indexes once at the end: ten million rows in minutes instead of an hour."""

    def __init__(self, table: str = TABLE) -> None:
        self.table = table

    def __enter__(self) -> None:
        self.again: list[str] = []
        if connection.vendor != "postgresql":
            return
        with connection.cursor() as cursor:
            cursor.execute("set session_replication_role = replica")  # the foreign keys are right by construction
            cursor.execute(
                "select conname, pg_get_constraintdef(oid) from pg_constraint where conrelid = %s::regclass and contype = 'u'",
                [self.table],
            )
            for name, definition in cursor.fetchall():
                cursor.execute(f'alter table {self.table} drop constraint "{name}"')
                self.again.append(f'alter table {self.table} add constraint "{name}" {definition}')
            cursor.execute("select indexname, indexdef from pg_indexes where tablename = %s", [self.table])
            for name, definition in cursor.fetchall():
                if not name.endswith("_pkey"):
                    cursor.execute(f'drop index "{name}"')
                    self.again.append(definition)

    def __exit__(self, *error: object) -> None:
        with connection.cursor() as cursor:
            for statement in self.again:
                cursor.execute(statement)
            if connection.vendor == "postgresql":
                cursor.execute("set session_replication_role = default")


def _write(pairs: list[tuple[str, Utenza]], ciphertext: str, path: Path) -> None:
    """One pincode and one ciphertext for all: encryption is the client's work and is not measured. A second ciphertext, which no id
    remembers, stands for clients that encrypt anew at every call.
    """
    anew = {"tipo": "P", "valore": encrypted(PINCODE)}
    codes = {"codRegione": "042", "codAslAo": "001", "codSsa": "045120", "codiceStruttura": ""}
    where = {"contesto": "RICETTA-DEM", "applicazione": "EROGATORE"}
    with path.open("w", encoding="utf-8") as file:
        for plain, account in pairs:
            known = {"tipo": "P", "valore": ciphertext}
            who = {"userId": account.user_id, "identificativo": known, "cfUtente": CODICE_FISCALE}
            authorization = "Basic " + base64.b64encode(f"{account.user_id}:{PASSWORD}".encode()).decode()
            check = envelope("checkToken", {**who, "token": plain, **where})
            create = envelope("create", {**who, **codes, **where})
            check_anew = envelope("checkToken", {**who, "identificativo": anew, "token": plain, **where})
            file.write("\t".join((plain, authorization, check, create, check_anew)) + "\n")


if __name__ == "__main__":
    fill(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
