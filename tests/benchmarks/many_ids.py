"""Creates live ids by the million inside the database, each with a pending reminder: `grow(count)`.

One pharmacy with all that hangs on it is made by the portal's own code; the others are copies of its rows. Ten live ids
for each pharmacy: one Validato and one Attivo in each of five contexts.
"""

from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from pharmacies.models import MailCertification, Pharmacy, Utenza
from portal.identity.models import User
from sessions.ids import issuing
from sessions.models import Context, IdSessione, Reminder
from tests.benchmarks.rows import CODICE_FISCALE, without_indexes

IDS_EACH = 10
TABLES = {model: model._meta.db_table for model in (Pharmacy, MailCertification, Utenza, IdSessione, Reminder)}


class ManyIds:
    """The rows that exist so far; pharmacies and ids are numbered from 0 without gaps."""

    def __init__(self, now: datetime) -> None:
        self.now, self.pharmacies, self.ids = now, 0, 0
        anna = User.objects.for_person(CODICE_FISCALE, "Anna", "Rossi")
        pharmacy = Pharmacy.objects.create(code="TEMPLATE", name="Farmacia", comune="TRENTO")
        certification = MailCertification.objects.create(
            pharmacy=pharmacy, address="template@example.it", address_key="template@example.it", requested_by=anna,
            requested_at=now, certified_at=now, certified_by=anna,
        )  # fmt: skip
        utenza = Utenza.objects.create(
            pharmacy=pharmacy, user_id="UTEMPLATE", codice_fiscale=CODICE_FISCALE, codice_regione="042", codice_asl="001",
            codice_ssa="045120", created_at=now, password_changed_at=now,
        )  # fmt: skip
        contexts = list(Context.objects.order_by("pk")[:5])
        more = range(len(contexts), 5)
        contexts += [Context.objects.create(contesto=f"PROVA-{n}", applicazione="EROGATORE") for n in more]
        self.contexts = [context.pk for context in contexts]
        row = issuing.issue(utenza, contexts[0], now).id_sessione
        self.templates = {
            Pharmacy: pharmacy.pk, MailCertification: certification.pk, Utenza: utenza.pk, IdSessione: row.pk,
            Reminder: Reminder.objects.filter(id_sessione=row).get().pk,
        }  # fmt: skip
        self.letter = row.letter_id
        self.base = {model: pk + 1 for model, pk in self.templates.items()}

    def grow(self, ids: int) -> None:
        """Adds ids up to `count`. Keys follow the numbers; the ids were issued in key order, one each millisecond."""
        pharmacies = max(ids // IDS_EACH, 1)
        first, last = self.pharmacies, pharmacies - 1
        self._copy(Pharmacy, first, last, code="'Q' || n")
        at = {model: f"{base} + n" for model, base in self.base.items()}
        address = "'q' || n || '@example.it'"
        self._copy(MailCertification, first, last, pharmacy_id=at[Pharmacy], address=address, address_key=address)
        self._copy(Utenza, first, last, pharmacy_id=at[Pharmacy], user_id="'Q' || n")
        self._empty_ids()
        with without_indexes(TABLES[IdSessione]), without_indexes(TABLES[Reminder]):
            self._ids_and_reminders(ids, pharmacies)
        self.pharmacies, self.ids = pharmacies, ids
        with connection.cursor() as cursor:
            cursor.execute("vacuum analyze")
            cursor.execute("checkpoint")

    def _ids_and_reminders(self, ids: int, pharmacies: int) -> None:
        # A number for each id; its pharmacy is spread by a stride, so that ids that end together are of pharmacies far apart.
        whose = f"(n::bigint * 7919 % {pharmacies})"
        lap = f"(n / {pharmacies}) % {IDS_EACH}"
        context = f"(array[{','.join(map(str, self.contexts))}])[1 + ({lap}) / 2]"
        issued = f"'{self.now.isoformat()}'::timestamptz + n * interval '1 millisecond'"
        self._copy(
            IdSessione, 0, ids - 1, utenza_id=f"{self.base[Utenza]} + {whose}", pharmacy_id=f"{self.base[Pharmacy]} + {whose}",
            certification_id=f"{self.base[MailCertification]} + {whose}", context_id=context,
            digest="sha256(('live' || n)::bytea)", requested_at=issued, expires_at=f"{issued} + interval '16 hours'",
            first_used_at=f"case when ({lap}) % 2 = 1 then {issued} end", sealed="null::bytea", letter_id=str(self.letter),
        )  # fmt: skip
        self._copy(
            Reminder, 0, ids - 1, id_sessione_id=f"{self.base[IdSessione]} + n", pharmacy_id=f"{self.base[Pharmacy]} + {whose}",
            due_at=f"{issued} + interval '15 hours'", settled_at="null::timestamptz", letter_id="null::bigint",
        )  # fmt: skip

    def make_due(self, time: int, count: int) -> None:
        """Makes the reminders of `count` ids due now. The ids are neighbours in issue order, as on a real day. Each `time` takes others,
        always ids that are still the newest of their pharmacy and context (not renewed).
        """
        first = self.base[IdSessione] + self.pharmacies * (1 + 2 * time % IDS_EACH)
        due_at = timezone.now() - timedelta(seconds=30)
        Reminder.objects.filter(id_sessione__in=range(first, first + count)).update(due_at=due_at)

    def _empty_ids(self) -> None:
        """Deletes the ids of the step before: with another number of pharmacies they would belong to other pharmacies."""
        with connection.cursor() as cursor:
            cursor.execute("set session_replication_role = replica")
            for model in (Reminder, IdSessione):
                cursor.execute(f"delete from {TABLES[model]} where id >= %s", [self.base[model]])
            cursor.execute("set session_replication_role = default")

    def _copy(self, model: type, first: int, last: int, **differs: str) -> None:
        if last < first:
            return
        table, base = TABLES[model], self.base[model]
        columns = [field.column for field in model._meta.local_fields]
        values = [f"{base} + n" if name == "id" else differs.get(name, f"t.{name}") for name in columns]
        with connection.cursor() as cursor:
            cursor.execute("set session_replication_role = replica")  # the foreign keys are right by construction
            cursor.execute(
                f"insert into {table} ({', '.join(columns)}) select {', '.join(values)} "
                f"from generate_series({first}, {last}) n, {table} t where t.id = {self.templates[model]}"
            )
            cursor.execute("set session_replication_role = default")
            cursor.execute(f"select setval(pg_get_serial_sequence('{table}', 'id'), (select max(id) from {table}))")
