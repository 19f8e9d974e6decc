"""Writes rows of the two national registers as the Ministry does, and imports them through the command."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
TODAY = (
    "cod_farmacia;cod_farmacia_asl;indirizzo;descrizione_farmacia;p_iva;cap;cod_comune;comune;frazione;cod_provincia;"
    "sigla_provincia;provincia;cod_regione;regione;data_inizio_validita;data_fine_validita;descrizione_tipologia;"
    "codice_tipologia;latitudine;longitudine;localizzazione"
)
OLDER = (
    "CODICEIDENTIFICATIVOFARMACIA;CODFARMACIAASSEGNATODAASL;INDIRIZZO;DESCRIZIONEFARMACIA;PARTITAIVA;CAP;"
    "CODICECOMUNEISTAT;DESCRIZIONECOMUNE;FRAZIONE;CODICEPROVINCIAISTAT;SIGLAPROVINCIA;DESCRIZIONEPROVINCIA;CODICEREGIONE;"
    "DESCRIZIONEREGIONE;DATAINIZIOVALIDITA;DATAFINEVALIDITA;DESCRIZIONETIPOLOGIA;CODICETIPOLOGIA;LATITUDINE;LONGITUDINE;"
    "LOCALIZE"
)
PARAFARMACIE = (
    "codice_identificativo_sito;sito_logistico;partita_iva;indirizzo;codice_comune;comune;frazione;cap;codice_provincia;"
    "sigla_provincia;provincia;codice_regione;regione;data_inizio_validita;data_fine_validita;latitudine;longitudine;"
    "localizzazione"
)
PARTITA_IVA = "01234560223"


def row(code="4512", name="San Marco", **cells) -> str:
    values = {
        "code": code, "asl": "-", "address": "Via Roma 12", "name": name, "partita_iva": PARTITA_IVA, "cap": "38122",
        "comune_code": "022205", "comune": "TRENTO", "frazione": "-", "province_code": "022", "province": "TN",
        "province_name": "-", "region_code": "042", "region": "PROV. AUTON. TRENTO", "starts": "01/02/2015", "ends": "-",
        "type_name": "Ordinaria", "type": "1", "latitude": "46,0678", "longitude": "11,1211", "where": "-",
    }  # fmt: skip
    assert cells.keys() <= values.keys()
    return ";".join({**values, **cells}.values())


def parafarmacia(code="20001", name="Parafarmacia Prova", **cells) -> str:
    values = {
        "code": code, "name": name, "partita_iva": PARTITA_IVA, "address": "Via Prova 2", "comune_code": "022205",
        "comune": "TRENTO", "frazione": "-", "cap": "38122", "province_code": "022", "province": "TN",
        "province_name": "TRENTO", "region_code": "042", "region": "PROV. AUTON. TRENTO", "starts": "01/01/2010",
        "ends": "-", "latitude": "46,07", "longitude": "11,12", "where": "1",
    }  # fmt: skip
    assert cells.keys() <= values.keys()
    return ";".join({**values, **cells}.values())


def importing(source, **options) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("import_pharmacies", str(source), stdout=out, stderr=err, **options)
    return " ".join(out.getvalue().split()), " ".join(err.getvalue().split())


def importing_in_part(source, **options) -> str:
    """Imports an incomplete file; returns the command's final message."""
    with pytest.raises(CommandError) as refused:
        importing(source, **options)
    assert refused.value.returncode == 3
    return str(refused.value)
