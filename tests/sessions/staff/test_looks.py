"""An operator who looks leaves one line an hour; the titolare reads it by role, «sicurezza» by name."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from portal.journal.models import Entry

pytestmark = pytest.mark.django_db


def lines(verb: str = "staff.looked") -> list[Entry]:
    return list(Entry.objects.filter(verb=verb).order_by("pk"))


def test_the_pages_of_a_pharmacy_leave_one_line_an_hour_for_each_operator(operator, san_marco):
    one, other = operator("lettura"), operator("assistenza")
    at = timezone.now().replace(minute=50)
    with time_machine.travel(at):
        for path in ("", "attivita/", ""):
            one.get(f"/operatori/stato-sessioni/{san_marco.code}/{path}")
        assert len(lines()) == 1
        other.get(f"/operatori/stato-sessioni/{san_marco.code}/")
        assert len(lines()) == 2
    with time_machine.travel(at + timedelta(minutes=12)):
        one.get(f"/operatori/stato-sessioni/{san_marco.code}/")
    assert len(lines()) == 3
    assert {line.about for line in lines()} == {san_marco.code}


def test_the_titolare_reads_that_the_assistance_looked_and_not_who(operator, san_marco, anna_client):
    operator("assistenza").get(f"/operatori/stato-sessioni/{san_marco.code}/")
    page = anna_client.get(f"/servizi/{san_marco.code}/registro/").content.decode()
    assert "L’assistenza" in page
    assert "ha guardato i dati della farmacia (ruoli: assistenza, lettura)" in page
    assert lines()[0].actor_name not in page


def test_security_reads_who_looked(operator, san_marco):
    operator("assistenza").get(f"/operatori/stato-sessioni/{san_marco.code}/")
    page = operator("sicurezza").get(f"/operatori/registro/?farmacia={san_marco.code}").content.decode()
    assert lines()[0].actor_name in page
    assert "ha guardato i dati" in page


def test_a_pharmacy_outside_the_territory_leaves_no_line(operator, san_marco):
    stranger = operator("lettura", limited_to=["190"])
    assert stranger.get(f"/operatori/stato-sessioni/{san_marco.code}/").status_code == 404
    assert lines() == []


def test_a_search_that_names_a_person_leaves_a_line_without_the_words(operator, anna):
    client = operator("lettura")
    for _ in range(2):
        client.post("/operatori/stato-sessioni/cerca/", {"cerca": anna.codice_fiscale})
    client.post("/operatori/stato-sessioni/cerca/", {"cerca": "san marco"})
    (line,) = lines("staff.searched")
    assert anna.codice_fiscale not in str(line.detail)
    client.post("/operatori/stato-sessioni/cerca/", {"cerca": "id@esempio.it"})
    assert len(lines("staff.searched")) == 2
