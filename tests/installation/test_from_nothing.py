"""From an empty installation to a passed gate: the documented commands, the pages, a foreign identity provider and gestionale."""

import email
import re
import shutil
import sys
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.installation.conftest import HOST, Installation, until
from tests.installation.gestionale import ForeignGestionale
from tests.installation.person import PROVIDER, SpidPerson

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(400),
    pytest.mark.skipif(shutil.which("xmlsec1") is None, reason="the foreign identity provider needs xmlsec1"),
]

ANNA = SpidPerson("RSSNNA80A41H501L", "Anna", "Rossi")
BRUNO = SpidPerson("BNCBRN75B12F205N", "Bruno", "Bianchi")
DARIO = SpidPerson("VRDDRA82C03L219M", "Dario", "Verdi")
ADDRESS = "farmacia.sanmarco@libero.example"
PASSWORD, PINCODE = "Vecchia;password 2019", "0123456789"
CODES = "042/101/04512"

REGISTER = """\
cod_farmacia;cod_farmacia_asl;indirizzo;descrizione_farmacia;p_iva;cap;cod_comune;comune;sigla_provincia;cod_regione;regione;data_inizio_validita;data_fine_validita;descrizione_tipologia;codice_tipologia
4512;12;VIA ROMA 1;FARMACIA SAN MARCO;01234567897;38122;022205;TRENTO;TN;042;PROV. AUTON. TRENTO;01/01/2005;-;Ordinaria;1
1877;13;CORSO ROSMINI 3;FARMACIA AL REDENTORE;01234567897;38068;022161;ROVERETO;TN;042;PROV. AUTON. TRENTO;01/01/2005;-;Ordinaria;1
"""
OFFICES = """\
cod_farmacia;codice_fiscale;cognome;nome;ruolo;dal;al
4512;RSSNNA80A41H501L;ROSSI;ANNA;titolare;01/01/2005;{end}
1877;BNCBRN75B12F205N;BIANCHI;BRUNO;titolare;01/01/2005;
"""
UTENZE = f"""\
cod_farmacia;user_id;codice_fiscale;codice_regione;codice_asl;codice_ssa;password;pincode
4512;UV512A3B;RSSNNA80A41H501L;042;101;04512;"{PASSWORD}";{PINCODE}
"""


def test_from_an_empty_database_to_a_passed_gate(installation: Installation) -> None:
    portal, folder = installation, installation.folder
    identity = folder / "identity" / "spid"
    identity.mkdir(parents=True)
    (identity / "gestore.xml").write_text(
        portal.run(sys.executable, str(PROVIDER), str(folder), "metadata"), encoding="utf-8"
    )
    portal.manage("migrate", "--verbosity", "0")
    portal.manage("collectstatic", "--noinput", "--verbosity", "0")
    for name, content in (
        ("FRM_FARMA_5_20261130.csv", REGISTER), ("offices.csv", OFFICES.format(end="")), ("utenze.csv", UTENZE),
    ):  # fmt: skip
        (folder / name).write_text(content, encoding="utf-8")
    portal.manage("import_pharmacies", str(folder / "FRM_FARMA_5_20261130.csv"))
    portal.manage("import_offices", str(folder / "offices.csv"))
    portal.manage("import_utenze", str(folder / "utenze.csv"))
    portal.manage("a2f_certificate", "new")
    portal.serve()

    stranger = portal.browser().sign_in(DARIO, folder)
    assert "non risulti titolare o direttore di una farmacia" in stranger.words
    assert stranger.open("/servizi/4512/").status == 404

    anna = portal.browser().sign_in(ANNA, folder)
    assert anna.url == f"https://{HOST}/servizi/4512/"
    gestionale = ForeignGestionale(HOST, portal.port, "UV512A3B", PASSWORD, PINCODE, ANNA.codice_fiscale, CODES)
    assert gestionale.create()[0] == "1", "no address is certified yet"

    anna.follow("Certifica mail").submit("Invia il codice di validazione", indirizzo=ADDRESS)
    code = re.search(r"Codice validazione: (\d{6})", letter(portal, "Codice validazione"))
    assert code is not None
    anna.submit("Conferma", codice=code[1])
    assert anna.url.endswith("/esito/")
    assert letter(portal, "certificat")

    assert gestionale.create() == ("0", "")
    found = re.search(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", letter(portal, "ID SESSIONE"), re.IGNORECASE)
    assert found is not None
    assert gestionale.passes_the_gate(found[0]) == 204
    assert gestionale.passes_the_gate(found[0][:-1] + ("0" if found[0][-1] != "0" else "1")) == 403

    yesterday = datetime.now(ZoneInfo("Europe/Rome")).date() - timedelta(days=1)
    (folder / "offices.csv").write_text(OFFICES.format(end=f"{yesterday:%d/%m/%Y}"), encoding="utf-8")
    portal.manage("import_offices", str(folder / "offices.csv"))
    assert anna.open("/servizi/4512/").status == 404, "an open session loses the pharmacy"
    assert gestionale.passes_the_gate(found[0]) == 204, "no till stops because the titolare has left"


def letter(portal: Installation, subject: str) -> str:
    """Waits for the newest letter with these words in its subject; returns its text part."""

    def found() -> list[email.message.EmailMessage]:
        return [one for one in portal.sink.letters if subject.casefold() in str(one["Subject"]).casefold()]

    until(found, 60, f"a letter «{subject}»; arrived: {[str(one['Subject']) for one in portal.sink.letters]}")
    body = found()[-1].get_body(("plain",))
    assert body is not None
    return str(body.get_content())
