"""Fills the database of the environment for the staff's page: `python -m tests.benchmarks.desk_rows PHARMACIES IDS`.

A nation on an ordinary afternoon: each pharmacy has asked for an id a day, the last one some time in the last twenty hours;
nine in ten have a certified address, one letter in two hundred of today was refused. PostgreSQL only: made inside it.
"""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from django.core.management import call_command  # noqa: E402  the apps are there only now
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from portal.identity.models import User  # noqa: E402
from sessions.models import Context  # noqa: E402

PHARMACIES = """insert into pharmacies_pharmacy (code, name, partita_iva, address, cap, comune, comune_code, province,
    region_code, region, asl_code, type, doubts, found_by)
    select n, 'FARMACIA ' || md5(n::text), lpad(n::text, 11, '0'), 'Via Roma ' || n, '38122', 'COMUNE ' || n %% 7900, '022205',
        chr(65 + n %% 10) || chr(65 + n %% 11), lpad((n %% 20)::text, 3, '0'), 'REGIONE ' || n %% 20, (n %% 100)::text, 1, '[]', 'farmacia ' || md5(n::text) || ' comune ' || n %% 7900
    from generate_series(1, %(pharmacies)s) n"""
CERTIFICATIONS = """insert into pharmacies_mailcertification (pharmacy_id, address, address_key, requested_by_id, requested_at,
    failed_attempts, last_wrong_hash, certified_at, certified_by_id, certified_with)
    select p.id, 'farmacia' || n || '@example.it', 'farmacia' || n || '@example.it', %(user)s, %(now)s::timestamptz - interval '90 days', 0, '',
        %(now)s::timestamptz - interval '90 days', %(user)s, 'SPID livello 2'
    from pharmacies_pharmacy p, lateral (select p.code::int as n) code where n %% 10 > 0"""
UTENZE = """insert into pharmacies_utenza (pharmacy_id, user_id, password, pincode, codice_fiscale, codice_regione, codice_asl,
    codice_ssa, created_at, password_changed_at, blocked_because, blocked_at)
    select id, 'UD' || code, repeat('x', 98), repeat('x', 98), 'RSSNNA80A41H501L', '042', '001', '045120', %(now)s, %(now)s, '',
        case when code::int %% 500 = 1 then %(now)s::timestamptz - interval '2 days' end
    from pharmacies_pharmacy"""
LETTERS = """insert into outbox_outgoingmail (kind, about, recipient, subject, message_id, secret, created_at, give_up_at,
    next_attempt_at, attempts, last_answer, accepted_at, failed_at)
    select 'issued', n::text, 'farmacia' || n || '@example.it', 'ID SESSIONE', 'd' || d || '-' || n, true, at, at + interval '16 hours', at, 1,
        case when refused then '550 5.1.1 no such user' else '250 Ok' end, case when not refused then at end,
        case when refused then at end
    from (select n, d, %(now)s::timestamptz - interval '1 day' * d - interval '1 minute' * (n * 7919 %% 1200) as at,
            d = 0 and n %% 200 = 7 as refused
        from generate_series(1, %(pharmacies)s) n, generate_series(%(days)s - 1, 0, -1) d where n %% 10 > 0 order by d desc) made"""
IDS = """insert into pharmacy_sessions_idsessione (utenza_id, pharmacy_id, context_id, certification_id, digest, last4,
    requested_at, expires_at, first_used_at, closed_at, outlived_at, uses, letter_id)
    select u.id, c.pharmacy_id, %(context)s, c.id, sha256(m.message_id::bytea), 'aaaa', m.created_at,
        m.created_at + interval '16 hours', m.created_at + interval '2 minutes',
        case when m.created_at < %(now)s::timestamptz - interval '16 hours' then m.created_at + interval '17 hours' end,
        lead(m.created_at) over (partition by c.pharmacy_id order by m.created_at), 150, m.id
    from outbox_outgoingmail m join pharmacies_pharmacy p on p.code = m.about join pharmacies_utenza u on u.pharmacy_id = p.id
        join pharmacies_mailcertification c on c.pharmacy_id = p.id order by m.created_at"""


def fill(pharmacies: int, ids: int) -> None:
    call_command("migrate", verbosity=0)
    anna = User.objects.for_person("RSSNNA80A41H501L", "Anna", "Rossi")
    values = {
        "pharmacies": pharmacies, "days": round(ids / pharmacies / 0.9), "now": timezone.now(), "user": anna.pk,
        "context": Context.objects.usual().pk,
    }  # fmt: skip
    with connection.cursor() as cursor:
        for statement in (PHARMACIES, CERTIFICATIONS, UTENZE, LETTERS, IDS):
            cursor.execute(statement, values)
        cursor.execute("vacuum analyze")


if __name__ == "__main__":
    fill(int(sys.argv[1]), int(sys.argv[2]))
