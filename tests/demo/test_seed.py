import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import models
from django.utils import timezone

from pharmacies.models import MailCertification, NationalRegister, Office, Pharmacy, Utenza
from portal.demo import people, public_users
from portal.demo.next_reminder import next_reminder
from portal.identity.models import LoginRecord, StaffTotp, User
from portal.journal.models import Entry
from portal.outbox.models import OutgoingMail
from portal.secrets.sealing import unseal
from portal.values import codice_fiscale
from sessions.models import IdSessione, PincodeCertificate, Reminder, State
from sessions.reminders.sending import send_due

pytestmark = pytest.mark.django_db
EVERYTHING = (Pharmacy, Office, Utenza, User, MailCertification, IdSessione, Reminder, OutgoingMail, Entry)


def seed(**options) -> str:
    out = StringIO()
    call_command("seed_demo", stdout=out, **options)
    return out.getvalue()


def offices_of(person: people.Person) -> list[tuple[str, str]]:
    held = Office.objects.held_by(person.codice_fiscale, timezone.now())
    return [(office.role, office.pharmacy.name) for office in held]


def test_the_named_people_hold_their_offices_and_nobody_else_does():
    seed()
    assert offices_of(people.ANNA) == [("titolare", "San Marco")]
    assert offices_of(people.BRUNO) == [("titolare", "Al Redentore")]
    assert offices_of(people.GIULIA) == [
        ("direttore", "Dolomiti"), ("direttore", "Santa Chiara"), ("direttore", "Valsugana"),
    ]  # fmt: skip
    assert offices_of(people.ELENA) == [("delegate", "San Marco")]
    assert offices_of(people.FRANCO) == offices_of(people.DARIO) == []
    assert not User.objects.filter(codice_fiscale__in=[people.FRANCO.codice_fiscale, people.DARIO.codice_fiscale])
    assert LoginRecord.objects.filter(user__codice_fiscale=people.ANNA.codice_fiscale, outcome="ok").exists()
    carla = User.objects.get(username=people.STAFF_USERNAME)
    assert carla.is_staff
    assert carla.check_password(people.STAFF_PASSWORD)
    assert {app.user.username for app in StaffTotp.objects.all()} == {
        operator.username for operator in people.OPERATORS
    }
    roles = {user.username: user.roles for user in User.objects.filter(is_staff=True).exclude(pk=carla.pk)}
    assert sorted(roles.values(), key=sorted) == [
        *({"lettura", other} for other in ("amministrazione", "anagrafica", "assistenza")),
        {"lettura"}, {"lettura", "sicurezza"},
    ]  # fmt: skip


def test_of_two_parafarmacie_one_has_a_titolare_an_address_and_an_id_of_the_ricetta_bianca():
    seed()
    assert offices_of(people.PAOLA) == [("titolare", "Sanital")]
    sites = Pharmacy.objects.of_register(NationalRegister.PARAFARMACIE)
    assert set(sites.values_list("code", "region_code")) == {("P29411", "042"), ("P29418", "042")}
    assert [office.pharmacy.name for office in Office.objects.filter(pharmacy__in=sites)] == ["Sanital"]
    assert MailCertification.objects.current().get(pharmacy__in=sites).pharmacy.code == "P29411"
    assert Utenza.objects.get(pharmacy__in=sites).codice_ssa == "029411"
    live = IdSessione.objects.live(timezone.now()).filter(pharmacy__in=sites)
    assert {row.context.contesto for row in live} == {"RICETTA-BIANCA"}
    assert not IdSessione.objects.filter(pharmacy__in=sites, context__contesto="RICETTA-DEM").exists()


def test_the_state_is_lived_in():
    seed()
    now = timezone.now()
    certified = MailCertification.objects.current().count()
    assert 0.6 < certified / Pharmacy.objects.open_on(now.date()).count() < 0.72
    assert MailCertification.objects.past().filter(revoked_at__isnull=False).exists()
    assert MailCertification.objects.past().filter(replaced_at__isnull=False).exists()
    states = [row.state(now) for row in IdSessione.objects.with_facts()]
    assert all(state in states for state in State)
    live = IdSessione.objects.live(now)
    assert live.filter(expires_at__lte=now + timedelta(hours=1)).count() > 3
    assert live.filter(letter__failed_at__isnull=False).exists()
    assert IdSessione.objects.filter(replaced_by__isnull=False).exists()
    assert not MailCertification.objects.current().filter(pharmacy__name__in=["Al Redentore", "Valsugana"])


def test_everything_seeded_is_what_the_models_would_have_written():
    seed()
    now = timezone.now()
    for row in IdSessione.objects.with_facts():
        assert (row.sealed is not None) == row.is_live(now) or row.utenza.disabled_at
        if row.sealed is not None:
            assert unseal(row.sealed).decode().endswith(row.last4)
        assert row.expires_at == row.requested_at + row.context.usable_for
        assert row.certification.pharmacy_id == row.pharmacy_id == row.utenza.pharmacy_id
        assert row.first_used_at is None or row.requested_at < row.first_used_at <= now
    for user in User.objects.filter(codice_fiscale__isnull=False):
        assert codice_fiscale.is_valid(user.codice_fiscale)
    for utenza in Utenza.objects.exclude(user_id__in=public_users.USERS):
        assert len(utenza.user_id) == 8
        assert codice_fiscale.is_valid(utenza.codice_fiscale)
    for model in EVERYTHING:
        moments = [field.name for field in model._meta.fields if isinstance(field, models.DateTimeField)]
        past = {"created_at", "requested_at", "certified_at", "accepted_at", "failed_at", "settled_at", "at"}
        for name in past.intersection(moments):
            assert not model.objects.filter(**{f"{name}__gt": now}).exists(), (model, name)


def test_no_letter_of_the_seed_waits_to_leave():
    seed()
    assert not OutgoingMail.objects.waiting().exists()
    assert OutgoingMail.objects.exists()
    assert not OutgoingMail.objects.exclude(sealed_source=None).exists()
    assert set(OutgoingMail.objects.exclude(failed_at=None).values_list("last_answer", flat=True)) == {
        "552 5.2.2 casella piena"
    }
    recipients = OutgoingMail.objects.values_list("recipient", flat=True)
    assert all(recipient.endswith(".example") for recipient in recipients)


def test_nothing_is_due_yet_and_every_live_id_with_an_hour_left_will_be_reminded():
    seed()
    now = timezone.now()
    assert not Reminder.objects.due(now).exists()
    for row in IdSessione.objects.live(now).filter(expires_at__gt=now + timedelta(hours=2)):
        assert row.reminders.filter(settled_at=None).exists()


def test_the_reminders_to_come_leave_as_on_any_other_day():
    seed()
    before = OutgoingMail.objects.count()
    assert send_due(timezone.now() + timedelta(hours=3)) > 5
    assert OutgoingMail.objects.waiting().count() == OutgoingMail.objects.count() - before > 0


def test_seeding_again_changes_nothing():
    seed()
    before = [model.objects.count() for model in EVERYTHING]
    assert "Already seeded" in seed()
    assert [model.objects.count() for model in EVERYTHING] == before


def test_a_refresh_days_later_gives_the_ids_of_a_day_like_any_other(time_machine):
    seed()
    later = timezone.now() + timedelta(days=3)
    time_machine.move_to(later, tick=False)
    assert not IdSessione.objects.live(later).exists()
    seed(refresh=True)
    assert IdSessione.objects.live(later).count() > 50
    seed(refresh=True)
    assert IdSessione.objects.live(later).count() > 50
    assert Pharmacy.objects.count() == 151


@pytest.mark.parametrize("hour", ["2026-11-23T23:00:30Z", "2026-11-23T22:59:00Z", "2026-03-29T01:00:00Z"])
def test_it_can_be_seeded_at_any_hour(time_machine, hour):
    time_machine.move_to(hour, tick=False)
    assert "151 pharmacies" in seed()


def test_the_usual_dirt_is_in_the_register():
    seed()
    doubts = {word for words in Pharmacy.objects.values_list("doubts", flat=True) for word in words}
    assert {
        "partita_iva_missing", "partita_iva_check_digit", "partita_iva_malformed", "partita_iva_zeros", "cap_zeros",
        "comune_code_zeros", "region_unresolved", "region_from_comune", "code_zero", "address_missing", "name_cut",
    } <= doubts  # fmt: skip
    assert Pharmacy.objects.filter(closed_on__lt=timezone.now().date()).exists()
    assert set(Pharmacy.objects.values_list("type", flat=True)) == set(Pharmacy.Type.values)
    assert Pharmacy.objects.values("province").distinct().count() >= 10


def test_it_is_refused_outside_the_demonstration(settings):
    settings.DEMO = False
    with pytest.raises(CommandError, match="demonstration only"):
        seed()
    assert not Pharmacy.objects.exists()


# --- a database with other data


def _an_operator() -> None:
    User.objects.create_staff("oriana", "una password lunga")


def _a_person() -> None:
    User.objects.for_person(people.ANNA.codice_fiscale, "Anna", "Verdi")


def _a_pharmacy() -> None:
    Pharmacy.objects.create(code="1", name="Vera", type=Pharmacy.Type.values[0])


def _an_operator_with_the_name_of_the_seed() -> None:
    User.objects.create_staff(people.STAFF_USERNAME, "una password lunga")


@pytest.mark.parametrize("refresh", [False, True])
@pytest.mark.parametrize("used", [_an_operator, _a_person, _a_pharmacy, _an_operator_with_the_name_of_the_seed])
def test_nothing_is_added_to_a_database_that_somebody_uses(used, refresh):
    used()
    before = [model.objects.count() for model in (*EVERYTHING, StaffTotp, PincodeCertificate)]
    with pytest.raises(CommandError, match="contiene già dei dati"):
        seed(refresh=refresh)
    assert [model.objects.count() for model in (*EVERYTHING, StaffTotp, PincodeCertificate)] == before


def test_what_visitors_add_to_a_seeded_database_does_not_make_it_another(time_machine):
    seed()
    _an_operator()
    time_machine.move_to(timezone.now() + timedelta(days=1), tick=False)
    assert "Invented" in seed(refresh=True)


def test_a_database_seeded_in_part_holds_nothing(monkeypatch):
    monkeypatch.setattr("portal.demo.seed.seeding.hours.connect_gestionali", _broken)
    with pytest.raises(ZeroDivisionError):
        seed()
    monkeypatch.undo()
    assert "151 pharmacies" in seed()


def _broken(*_: object) -> None:
    raise ZeroDivisionError


def test_every_line_of_the_journal_says_all_it_has_to_say():
    seed()
    for entry in Entry.objects.all():
        assert not re.search(r"…(?![0-9a-f]{4})", entry.sentence), entry.sentence
    assert Entry.objects.filter(verb="id.issued", detail__asked="dal gestionale").exists()


def test_a_visitor_sees_a_reminder_arrive_within_minutes_and_is_told_which(client):
    seed()
    page = client.get("/prova/").content.decode()
    assert "Guardare arrivare un promemoria" in page
    soon = next_reminder(timezone.now())
    assert soon.due_at < timezone.now() + timedelta(minutes=3)
    assert soon.pharmacy.display_name in page
    send_due(soon.due_at + timedelta(seconds=1))
    assert OutgoingMail.objects.waiting().get().recipient == soon.address


def test_the_two_public_users_of_the_manual_are_there_and_both_have_an_address():
    seed()
    pharmacy, doctor = (Utenza.objects.get(user_id=user_id) for user_id in public_users.USERS)
    assert (pharmacy.codice_regione, pharmacy.codice_asl, pharmacy.codice_ssa) == ("130", "204", "78909")
    assert pharmacy.check_password("SALVE")
    assert pharmacy.check_pincode("1729594276")
    assert MailCertification.objects.current().filter(pharmacy=pharmacy.pharmacy).exists()
    assert not pharmacy.ids.exists()
    assert doctor.pharmacy == pharmacy.pharmacy
    assert doctor.check_password("Salve123")
