"""A parafarmacia that moves gets a new code: letter, pages of the staff and of the titolare say so, and nothing passes by itself."""

from datetime import date, timedelta

import pytest

from pharmacies.models import MailCertification, Office, Pharmacy, RoleRequest, Utenza
from pharmacies.register.closing import Closing, close
from pharmacies.register.moves import moved_from, moved_to, moves_of
from portal.outbox.models import OutgoingMail
from tests.conftest import ANNA, make_pharmacy, make_titolare
from tests.pharmacies.letters import parts_of
from tests.pharmacies.pages import content
from tests.sessions.staff.conftest import NOW, STATUS, certification_of
from tests.sessions.staff.conftest import now as now  # the fixture of the desk's clock

pytestmark = pytest.mark.django_db
CLOSED = date(2026, 11, 20)
DAY = timedelta(days=1)


def site(code: str, name: str, **fields) -> Pharmacy:
    values = {"type": Pharmacy.Type.PARAFARMACIA, "valid_from": date(2015, 1, 1), "partita_iva": "01234560223"}
    return make_pharmacy(code, name, **{**values, **fields})


@pytest.fixture
def old():
    return site("P1", "Sanital", closed_on=CLOSED, address="Via Vecchia 1")


@pytest.fixture
def new():
    return site("P20300", "Sanital nuova", valid_from=CLOSED, address="Via Nuova 3")


def test_a_newer_open_site_with_the_same_partita_iva_may_be_the_new_place(old, new):
    assert moved_to(old) == [new]
    assert moved_from(new) == [old]
    assert (moved_to(new), moved_from(old)) == ([], [])


@pytest.mark.parametrize(
    ("fields", "of_old"),
    [
        ({"partita_iva": "01234567897"}, {}),
        ({"type": Pharmacy.Type.ORDINARIA}, {}),
        ({"valid_from": date(2014, 1, 1)}, {}),
        ({"valid_from": None}, {}),
        ({"valid_from": CLOSED - 400 * DAY}, {}),
        ({"valid_from": CLOSED + 400 * DAY}, {}),
        ({"closed_on": CLOSED}, {}),
        ({}, {"closed_on": None}),
        ({}, {"type": Pharmacy.Type.ORDINARIA}),
        ({"partita_iva": ""}, {"partita_iva": ""}),
        ({"partita_iva": "00000000000"}, {"partita_iva": "00000000000"}),
    ],
    ids=[
        "another owner", "a pharmacy", "older", "without a start", "long before", "long after", "closed too", "still open",
        "from a pharmacy", "no partita IVA", "zeros",
    ],
)  # fmt: skip
def test_no_other_site_is_guessed(old, new, fields, of_old):
    for one, values in ((new, fields), (old, of_old)):
        Pharmacy.objects.filter(pk=one.pk).update(**values)
        one.refresh_from_db()
    assert (moved_to(old), moved_from(new)) == ([], [])


def test_of_a_chain_the_sites_of_the_same_comune_and_province_come_first(old, new):
    far = [site(f"P{n}", f"Catena {n}", valid_from=CLOSED, comune="ROMA", province="RM") for n in range(500, 520)]
    near = site("P600", "Rovereto", valid_from=CLOSED, comune="ROVERETO")
    assert moved_to(old) == [new, near]
    assert moved_from(far[0]) == [old], "of few guesses none is left out"


def test_the_closing_letter_says_where_it_may_have_gone_and_what_the_new_site_needs(old, new):
    certification_of(old, "banco@sanital.example")
    close([Closing(old.pk, CLOSED)], NOW)
    subject, *parts = (OutgoingMail.objects.get().subject, *parts_of(OutgoingMail.objects.get()))
    assert subject == "Il registro nazionale dà per chiusa la parafarmacia – Parafarmacia Sanital"
    for part in (" ".join(part.split()) for part in parts):
        assert "registro nazionale delle parafarmacie" in part
        assert "Forse si è trasferita" in part
        assert "P20300" in part
        assert "Via Nuova 3, Trento (TN)" in part
        assert "utenza per il gestionale" in part
        assert "/servizi/" in part
        assert "Chiedi al Ministero della Salute" in part


def test_the_closing_letter_without_a_guess_says_nothing_of_a_move(old):
    certification_of(old, "banco@sanital.example")
    close([Closing(old.pk, CLOSED)], NOW)
    for part in parts_of(OutgoingMail.objects.get()):
        assert "trasferita" not in part
        assert "La parafarmacia è aperta?" in part


def test_the_closing_letter_of_a_pharmacy_speaks_of_pharmacies(san_marco):
    certification_of(san_marco, "banco@sanmarco.example")
    close([Closing(san_marco.pk, CLOSED)], NOW)
    for part in parts_of(OutgoingMail.objects.get()):
        assert "registro nazionale delle farmacie" in part
        assert "parafarmaci" not in part
        assert "Chiedi alla tua ASL" in part


def test_the_staffs_pages_of_both_sites_link_each_other(carla_client, old, new):
    page = carla_client.get(f"{STATUS}P1/").content.decode()
    assert "Forse si è trasferita" in page
    assert f'href="{STATUS}P20300/"' in page
    assert "Registro delle parafarmacie" in page
    page = carla_client.get(f"{STATUS}P20300/").content.decode()
    assert "Forse viene da" in page
    assert f'href="{STATUS}P1/"' in page


def test_an_operator_reads_of_no_site_outside_the_territory(operator, old, new):
    Pharmacy.objects.filter(pk=new.pk).update(region_code="010")
    page = operator("lettura", limited_to=["042"]).get(f"{STATUS}P1/").content.decode()
    assert "P20300" not in page


def test_the_titolare_is_offered_to_ask_for_the_new_site_and_nothing_passes_by_itself(anna_client, anna, old, new):
    Office.objects.all().delete()
    make_titolare(anna, old)
    certification_of(old, "banco@sanital.example")
    close([Closing(old.pk, CLOSED)], NOW)
    page = content(anna_client.get("/servizi/"))
    assert "forse si è trasferita" in page
    assert "/servizi/richiesta-di-ruolo/?codice=P20300" in page
    assert 'value="P20300"' in content(anna_client.get("/servizi/richiesta-di-ruolo/?codice=P20300"))
    for model in (Office, MailCertification, Utenza):
        assert not model.objects.filter(pharmacy=new).exists()
    make_titolare(anna, new)
    assert moves_of(ANNA, NOW) == [], "already hers"


def test_a_past_office_and_a_delegation_offer_nothing(anna, old, new):
    office = make_titolare(anna, old)
    assert [move.new for move in moves_of(ANNA, NOW)] == [[new]]
    Office.objects.filter(pk=office.pk).update(role=Office.Role.DELEGATE)
    assert moves_of(ANNA, NOW) == []
    Office.objects.filter(pk=office.pk).update(role=Office.Role.TITOLARE, until=NOW - DAY)
    assert moves_of(ANNA, NOW) == []


@pytest.mark.parametrize(
    ("typed", "partita_iva", "code"),
    [
        ("P20300", "06363391001", "P20300"), ("p20300", "01234560223", "P20300"), ("20300", "01234560223", "P20300"),
        ("20300", "06363391001", "20300"), ("020300", "00000010215", "20300"), ("20301", "01234560223", None),
    ],
)  # fmt: skip
def test_a_request_names_the_site_whose_partita_iva_is_typed(dario_client, new, typed, partita_iva, code):
    make_pharmacy("20300", "San Marco", partita_iva="06363391001")
    form = {"codice": typed, "ruolo": "titolare", "dal": "2026-01-01", "partita_iva": partita_iva}
    dario_client.post("/servizi/richiesta-di-ruolo/", form)
    row = RoleRequest.objects.get()
    assert (row.pharmacy and row.pharmacy.code) == code
