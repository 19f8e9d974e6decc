"""Writes files of offices as an administration does, and imports them through the command."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import time_machine
from django.core.management import CommandError, call_command

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
DAY = timedelta(days=1)
HEADER = "cod_farmacia;codice_fiscale;cognome;nome;ruolo;dal;al"
ANNA, BRUNO, DARIO = "RSSNNA80A41H501L", "BNCBRN75B12F205N", "VRDDRA82C03L219M"
NAMES = {ANNA: ("Rossi", "Anna"), BRUNO: ("Bianchi", "Bruno"), DARIO: ("Verdi", "Dario")}


def row(person=ANNA, role="titolare", code="4512", since="01/01/2020", until="", names=None) -> str:
    family, given = names or NAMES.get(person.strip().upper(), ("", ""))
    return ";".join((code, person, family, given, role, since, until))


def importing(path, *rows, day: float = 0, end="\n", header=HEADER, **options) -> tuple[str, str]:
    """Imports a file on the given day (0 is NOW). Returns report and remarks; the last line of a file that is not whole in both."""
    path.write_text("\n".join([header, *rows]) + end, encoding="utf-8")
    out, err = StringIO(), StringIO()
    with time_machine.travel(NOW + day * DAY, tick=False):
        try:
            call_command("import_offices", str(path), stdout=out, stderr=err, **options)
        except CommandError as refused:
            if refused.returncode != 3:
                raise
            err.write(f" exit 3: {refused}")
    return " ".join(out.getvalue().split()), " ".join(err.getvalue().split())
