"""The sentences about ids in a pharmacy's timeline."""

from datetime import timedelta

import time_machine
from django.test import Client

from portal.journal.models import Entry, record
from sessions.ids import issuing, resending, revealing, revoking, till_check, using
from sessions.journal_verbs import WORDS
from sessions.reminders import planning
from tests.conftest import sign_in
from tests.sessions.conftest import MORNING
from tests.sessions.ids.test_manage_page import text


def test_what_nobody_did_in_person_was_done_by_the_portal(anna) -> None:
    assert record("code.sent", now=MORNING).who == "Il portale"
    assert record("code.sent", now=MORNING, actor=anna).who == "Anna Rossi"


def test_every_act_on_an_id_has_its_words_in_the_timeline(anna, utenza, certified, context, san_marco) -> None:
    later = MORNING + timedelta(minutes=5)
    issuing.issue(utenza, context, MORNING)
    row = issuing.request(utenza, context, MORNING, anna).issued.id_sessione
    revealing.reveal(row, anna, MORNING)
    till_check.check(san_marco, "un codice", anna, MORNING)
    using.use(row, MORNING)
    resending.resend(row, anna, later)
    revoking.revoke(row, anna, later)
    planning.choose(san_marco, planning.Wishes([120, 30], True), anna, later)
    of_ids = {verb for verb in WORDS if verb.startswith(("id.", "reminders."))}
    assert set(Entry.objects.values_list("verb", flat=True)) == of_ids
    with time_machine.travel(later, tick=False):
        page = text(sign_in(Client(), anna).get("/servizi/4512/registro/").content.decode())
    for words in (
        f"Anna Rossi ha generato l’ID SESSIONE …{row.last4} per Ricetta elettronica SSN, chiesto sul portale",
        "chiesto dal gestionale",
        f"Anna Rossi ha visto per intero l’ID SESSIONE …{row.last4}",
        f"ha visto il gestionale usare per la prima volta l’ID SESSIONE …{row.last4}",
        f"Anna Rossi ha fatto reinviare l’ID SESSIONE …{row.last4}",
        "Anna Rossi ha controllato perché la cassa rifiuta un codice",
        f"Anna Rossi ha revocato l’ID SESSIONE …{row.last4}",
        "ha scelto i promemoria: 120, 30 minuti prima della scadenza e a ID scaduto",
    ):
        assert words in page
