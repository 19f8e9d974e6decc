"""«Persone della farmacia»: an operator with the role anagrafica adds, corrects, closes, decides conflicts; the history stays."""

from datetime import UTC, date, datetime, timedelta

import pytest

from pharmacies.models import Office, OfficeSource
from pharmacies.people import offices, terms
from portal.identity.models import User
from portal.journal.models import Entry
from tests.conftest import ANNA, BRUNO, DARIO
from tests.pharmacies.letters import letters, text_of
from tests.sessions.ids.test_manage_page import text
from tests.sessions.staff.conftest import NOW, STATUS, certification_of

pytestmark = pytest.mark.django_db
PEOPLE = f"{STATUS}4512/persone/"
TODAY = NOW.date()
DAY = timedelta(days=1)
WHY = {"motivo": "Comunicazione della ASL.", "protocollo": "prot. 12/2026"}
NEW = {
    "persona": BRUNO,
    "cognome": "Bianchi",
    "nome": "Bruno",
    "ruolo": "direttore",
    "dal": "2026-12-01",
    "al": "",
    **WHY,
}
DIRETTORE = {"persona": DARIO, "cognome": "Verdi", "nome": "Dario", "dal": "2026-12-01", **WHY}


@pytest.fixture
def agnese(operator):
    return operator("anagrafica")


@pytest.fixture
def office(san_marco) -> Office:
    return offices.give(
        san_marco, ANNA, "direttore", since=NOW - 400 * DAY, source=OfficeSource.FILE, names=("Rossi", "Anna"), now=NOW
    )


def page(client) -> str:
    return text(client.get(PEOPLE).content.decode())


def sent(client, address: str, fields: dict) -> str:
    return text(client.post(PEOPLE + address, fields, follow=True).content.decode())


def test_an_operator_adds_a_person(agnese, san_marco) -> None:
    certification_of(san_marco, "id@farmacia.example")
    answer = sent(agnese, "nuova/", NEW)
    assert "Bruno Bianchi è registrato come direttore." in answer
    office = Office.objects.get()
    assert (office.source, office.since, office.protocol, office.because) == (
        "desk", datetime(2026, 11, 30, 23, tzinfo=UTC), "prot. 12/2026", "Comunicazione della ASL",
    )  # fmt: skip
    assert office.written_by.username.startswith("oriana")
    assert "Bruno Bianchi, direttore" in answer
    assert "Comincia più avanti" in answer
    assert "scritto da oriana-anagrafica" in answer
    assert BRUNO not in answer
    assert "Dal 1 dicembre 2026 Bruno Bianchi è direttore" in text_of(letters()[-1])


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"persona": "BNCBRN75B12F205X"}, "Il codice fiscale non è corretto"),
        ({"persona": "01234567897"}, "Questo è il codice di una società: scrivi quello del suo legale rappresentante"),
        ({"persona": ""}, "Scrivi il codice fiscale della persona"),
        ({"al": "2026-11-01"}, "L’ultimo giorno viene prima del primo"),
        ({"dal": ""}, "Scrivi il primo giorno"),
        ({"dal": "ieri"}, "Scrivi il giorno così"),
        ({"ruolo": "padrone"}, "Scegli un ruolo tra quelli elencati"),
        ({"motivo": " "}, "Scrivi il motivo"),
        ({"cognome": ""}, "Scrivi il cognome"),
    ],
)
def test_a_wrong_form_is_shown_again_and_writes_nothing(wrong, sentence, agnese, san_marco) -> None:
    answer = sent(agnese, "nuova/", {**NEW, **wrong})
    assert sentence in answer
    assert not Office.objects.exists()
    assert not Entry.objects.exists()


def test_the_same_office_twice_is_refused(agnese, office) -> None:
    answer = sent(agnese, "nuova/", {**NEW, "persona": ANNA})
    assert "ha già lo stesso incarico" in answer
    assert Office.objects.count() == 1


def test_a_correction_of_the_name_gives_back_no_delegation_that_was_taken_back_today(agnese, san_marco, anna) -> None:
    given, taken_back = NOW - 3 * DAY, NOW - timedelta(hours=1)
    delegation = offices.give(
        san_marco, DARIO, "delegate", since=given, source=OfficeSource.DELEGATION, by=anna, names=("Verdi", "Dario"), now=given
    )  # fmt: skip
    offices.end(delegation, taken_back, by=anna, because="", now=taken_back)
    first = terms.first_day(given)
    fields = {"ruolo": "delegate", "cognome": "Verde", "nome": "Dario", "dal": f"{first}", "al": f"{TODAY}", **WHY}
    assert "Incarico corretto." in sent(agnese, f"{delegation.pk}/correggi/", fields)
    delegation.refresh_from_db()
    assert (delegation.family_name, delegation.since, delegation.until) == ("Verde", given, taken_back)


def test_the_direttore_changes_in_one_form(agnese, office, san_marco) -> None:
    certification_of(san_marco, "id@farmacia.example")
    assert "Anna Rossi" in text(agnese.get(PEOPLE + "direttore/").content.decode())
    answer = sent(agnese, "direttore/", DIRETTORE)
    assert "Il direttore è Dario Verdi, dal 01/12/2026." in answer
    office.refresh_from_db()
    new = Office.objects.get(codice_fiscale=DARIO)
    assert office.until == new.since == datetime(2026, 11, 30, 23, tzinfo=UTC)
    assert office.source == new.source == "desk"
    assert [row.verb for row in Entry.objects.order_by("pk")][-2:] == ["office.given", "office.ended"]
    said = [text_of(letter) for letter in letters()]
    assert any("Anna Rossi è direttore della farmacia fino al 30 novembre 2026" in words for words in said)
    assert any("Dario Verdi è direttore" in words for words in said)


def test_a_direttore_who_cannot_be_given_leaves_the_present_one(agnese, office) -> None:
    answer = sent(agnese, "direttore/", {**DIRETTORE, "persona": ANNA})
    assert "ha già lo stesso incarico" in answer
    office.refresh_from_db()
    assert office.until is None


def test_a_direttore_who_would_begin_later_never_begins(agnese, office, san_marco) -> None:
    later = offices.give(san_marco, BRUNO, "direttore", since=NOW + 30 * DAY, source="desk", now=NOW)
    sent(agnese, "direttore/", DIRETTORE)
    later.refresh_from_db()
    assert later.until == later.since


def test_a_correction_takes_the_office_from_the_files(agnese, office) -> None:
    fields = {"cognome": "Rossi", "nome": "Anna", "ruolo": "titolare", "dal": "2025-10-20", "al": "", **WHY}
    assert "Incarico corretto." in sent(agnese, f"{office.pk}/correggi/", fields)
    office.refresh_from_db()
    assert (office.role, office.source) == ("titolare", "desk")
    again = sent(agnese, f"{office.pk}/correggi/", fields)
    assert "era già così" in again


def test_an_office_is_closed_on_its_last_day_and_stays_in_the_history(agnese, office) -> None:
    assert "Incarico chiuso." in sent(agnese, f"{office.pk}/chiudi/", {"al": "2026-11-22", **WHY})
    words = page(agnese)
    assert "Incarichi finiti" in words
    assert "al 22/11/2026" in words
    assert "Nessuno può certificare l’indirizzo" in words


def test_a_last_day_before_the_first_is_refused(agnese, office) -> None:
    assert "L’incarico comincia il 19/10/2025" in sent(agnese, f"{office.pk}/chiudi/", {"al": "2025-10-01", **WHY})


def test_a_conflict_shows_both_values_and_the_choice(agnese, office, carla_client) -> None:
    Office.objects.update(source="desk", file_says={"role": "titolare", "since": "2026-11-01", "until": "2026-12-31"})
    words = page(agnese)
    assert "Qui: direttore dal 19/10/2025 Elenco: titolare dal 01/11/2026 al 31/12/2026" in words
    assert "L’elenco dice altro dell’incarico di direttore" in text(carla_client.get(STATUS).content.decode())
    assert "resta com’è scritto qui?" in text(agnese.get(f"{PEOPLE}{office.pk}/tieni/").content.decode())
    assert "Deciso: vale quello scritto qui." in sent(agnese, f"{office.pk}/tieni/", {"motivo": "Atto notarile"})
    assert "L’elenco dice altro" not in text(carla_client.get(STATUS).content.decode())
    assert "Deciso contro l’elenco" in page(agnese)
    assert "ha deciso contro l’elenco" in Entry.objects.latest("pk").sentence
    assert "non c’è nulla da decidere" in sent(agnese, f"{office.pk}/tieni/", {"motivo": "Ancora"})


def test_an_office_follows_the_list_again(agnese, office, san_marco) -> None:
    certification_of(san_marco, "id@farmacia.example")
    Office.objects.update(source="desk", file_says={"role": "direttore", "since": "2025-10-19", "until": "2026-11-20"})
    assert "L’elenco dice: direttore dal 19/10/2025 al 20/11/2026." in text(
        agnese.get(f"{PEOPLE}{office.pk}/segui/").content.decode()
    )
    assert "segue di nuovo l’elenco" in sent(agnese, f"{office.pk}/segui/", {"motivo": "L’elenco è giusto"})
    office.refresh_from_db()
    assert (office.source, office.file_says, office.until) == ("file", None, terms.ends_after(date(2026, 11, 20)))
    assert "ha rimesso a seguire l’elenco" in Entry.objects.latest("pk").sentence
    assert "non è più tra le persone" in text_of(letters()[-1])
    assert "segue già l’elenco" in sent(agnese, f"{office.pk}/segui/", {"motivo": "Ancora"})


def test_an_office_that_the_list_lacks_stays_until_the_next_lists(agnese, office) -> None:
    Office.objects.update(source="desk", file_says={})
    assert "Elenco: non la nomina più" in page(agnese)
    sent(agnese, f"{office.pk}/segui/", {"motivo": "prova"})
    office.refresh_from_db()
    assert (office.source, office.until, office.absent_since) == ("file", None, None)


def test_what_the_list_says_is_refused_when_it_cannot_be(agnese, office, san_marco) -> None:
    offices.give(san_marco, ANNA, "titolare", since=NOW - DAY, source="file", now=NOW)
    Office.objects.filter(pk=office.pk).update(
        source="desk", file_says={"role": "titolare", "since": "2026-11-01", "until": None}
    )
    assert "ha già lo stesso incarico" in sent(agnese, f"{office.pk}/segui/", {"motivo": "prova"})


def test_who_only_looks_sees_no_act(operator, office) -> None:
    html = operator("lettura").get(PEOPLE).content.decode()
    assert "Anna Rossi, direttore" in text(html)
    assert "correggi" not in html
    assert "persone/direttore" not in html


def test_outside_the_territory_there_is_nobody(operator, office) -> None:
    client = operator("anagrafica", limited_to=["010"])
    assert client.get(PEOPLE).status_code == 404
    assert client.post(f"{PEOPLE}{office.pk}/chiudi/", {"al": "2026-11-22", **WHY}).status_code == 404


def test_an_office_of_another_pharmacy_is_not_here(agnese, office, al_redentore) -> None:
    assert agnese.get(f"{STATUS}1877/persone/{office.pk}/correggi/").status_code == 404


def test_a_gap_is_followed_until_somebody_holds_an_office(carla_client, office, san_marco, al_redentore) -> None:
    def line() -> bool:
        return "nessuno può certificare l’indirizzo" in text(carla_client.get(STATUS).content.decode())

    assert not line()  # Al Redentore never had anybody: an installation without offices is no gap
    offices.end(office, NOW - DAY, because="", now=NOW)
    assert line()
    offices.give(san_marco, BRUNO, "delegate", since=NOW - DAY, source="desk", now=NOW)
    assert line()
    offices.give(san_marco, BRUNO, "gestore_provvisorio", since=NOW - DAY, source="desk", now=NOW)
    assert not line()


def test_nobody_registers_or_raises_an_office_of_their_own(operator, san_marco) -> None:
    own = operator("anagrafica", "lettura")
    me = User.objects.get(username="oriana-anagrafica-lettura")
    me.family_name, me.given_name = "Verdi", "Dario"
    me.save()
    new = {**NEW, "persona": DARIO, "cognome": "Neri", "nome": "Altra"}
    for address, form in (("nuova/", new), ("direttore/", {**DIRETTORE, "cognome": "Neri"})):
        assert "lo registra un altro operatore" in sent(own, address, form)
    assert not Office.objects.exists()
    delegate = offices.give(
        san_marco, DARIO, "delegate", since=NOW - DAY, source=OfficeSource.DESK, names=("Verdi", "Dario"), now=NOW
    )
    assert "lo registra un altro operatore" in sent(own, f"{delegate.pk}/correggi/", {**new, "ruolo": "titolare"})
    delegate.refresh_from_db()
    assert delegate.role == "delegate"


def taken_back(san_marco, at) -> Office:
    office = offices.give(
        san_marco, DARIO, "delegate", since=NOW - DAY, source=OfficeSource.DELEGATION, names=("Verdi", "Dario"), now=NOW
    )
    offices.end(office, at, because="", now=at)
    return office


def test_a_corrected_name_does_not_revive_a_delegation_until_midnight(agnese, san_marco) -> None:
    office = taken_back(san_marco, NOW)
    fields = {
        "cognome": "Verdi",
        "nome": "Darío",
        "ruolo": "delegate",
        "dal": f"{TODAY - DAY}",
        "al": f"{TODAY}",
        **WHY,
    }
    assert "Incarico corretto." in sent(agnese, f"{office.pk}/correggi/", fields)
    office.refresh_from_db()
    assert (office.given_name, office.until, office.since) == ("Darío", NOW, NOW - DAY)


def test_a_correction_begun_before_the_end_does_not_undo_it(agnese, san_marco) -> None:
    office = offices.give(
        san_marco, DARIO, "delegate", since=NOW - DAY, source=OfficeSource.DELEGATION, names=("Verdi", "Dario"), now=NOW
    )
    form = agnese.get(f"{PEOPLE}{office.pk}/correggi/").context["form"]
    assert "prima" in {field.name for field in form.hidden_fields()}
    offices.end(office, NOW, because="", now=NOW)
    fields = {"prima": form["prima"].value(), "cognome": "Verdi", "nome": "Darío", "ruolo": "delegate",
              "dal": f"{TODAY - DAY}", "al": "", **WHY}  # fmt: skip
    assert "è cambiato mentre lo guardavi" in sent(agnese, f"{office.pk}/correggi/", fields)
    office.refresh_from_db()
    assert (office.given_name, office.until) == ("Dario", NOW)


def test_an_office_may_have_begun_before_2000(agnese, san_marco) -> None:
    assert "è registrato come direttore" in sent(agnese, "nuova/", {**NEW, "dal": "1985-03-01"})
    office = Office.objects.get()
    fields = {**NEW, "nome": "Brunò", "dal": "1985-03-01"}
    assert "Incarico corretto." in sent(agnese, f"{office.pk}/correggi/", fields)
    assert "Incarico chiuso." in sent(agnese, f"{office.pk}/chiudi/", {"al": "1999-12-31", **WHY})
