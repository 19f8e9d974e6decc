"""«Turni»: an operator uploads the file of duties of an ASL. The rule is in sessions/preferences/duties_file.py; here are the page and its words."""

import re
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_http_methods

from pharmacies.files.lock import ImportUnderWay
from pharmacies.files.tables import MissingColumns, NothingRead
from portal.identity.access import staff_of, staff_required
from portal.time.clock import now_of
from sessions.preferences.duties_file import COLUMNS, DutyReport, import_duties

LARGEST = 200_000  # bytes: some 4,000 rows, which a request writes before the web server gives up; larger files: import_duties
SHOWN = 200  # refused rows on the page
CHECK, WRITE = "controlla", "scrivi"
_NAMED = re.compile(r"\((\S*?)(?: .*)?\) (.*)")  # the code that a reason begins with

# The reasons of the importer, as it says them to whoever runs the command, and the words of the page.
_REASONS = (
    (r"no pharmacy of this territory has the code (\S+)", gettext_lazy("nessuna farmacia del tuo territorio ha questo codice")),
    (r"no code of a pharmacy", gettext_lazy("manca il codice della farmacia")),
    (r"turno: giorno or notte", gettext_lazy("la colonna turno può contenere giorno o notte")),
    (r"dal, al: days such as (\S+)", gettext_lazy("dal e al sono giorni scritti così: 25/12/2026")),
    (r"al: not before dal, and at most (\d+) days after it", gettext_lazy("al viene prima di dal, o più di %s giorni dopo")),
    (r"al: more than a year ahead", gettext_lazy("il turno è più lontano di un anno")),
    (r"dalle, alle: hours such as .*", gettext_lazy("dalle e alle sono ore, per esempio 8:30 e 20:00; oppure lascia vuote entrambe")),
    (r"more than (\d+) duties to come: none was taken", gettext_lazy("la farmacia avrebbe più di %s turni futuri: non ne ho scritto nessuno")),
    (r"this duty stands on line (\d+) already", gettext_lazy("lo stesso turno è già alla riga %s")),
    (r"the file stops in this row", gettext_lazy("il file si interrompe in questa riga: caricalo di nuovo, intero")),
    (r"(\d+) fields instead of (\d+)", gettext_lazy("le colonne sono %s invece di %s")),
    (r"characters that cannot be stored, .*", gettext_lazy("la riga non si può leggere: caratteri strani, riga troppo lunga o virgolette non chiuse")),
)  # fmt: skip


@dataclass(frozen=True)
class RefusedDuty:
    """A row of the file that was not taken: its line, the code if it was read, the reason in the operator's words."""

    line: int
    code: str
    why: str


class DutiesFileForm(forms.Form):
    elenco = forms.FileField(
        label=gettext_lazy("File dei turni (CSV)"),
        error_messages={
            "required": gettext_lazy("Scegli il file dei turni"),
            "empty": gettext_lazy("Il file è vuoto: scegline un altro"),
            "invalid": gettext_lazy("Scegli il file dei turni"),
        },
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv"}),
    )

    def clean_elenco(self) -> "UploadedFile[bytes]":
        file: UploadedFile[bytes] = self.cleaned_data["elenco"]
        if (file.size or 0) > LARGEST:
            raise forms.ValidationError(
                gettext(
                    "Il file supera %(most)s: dividilo, oppure chiedi a chi gestisce il portale di usare import_duties"
                )
                % {"most": filesizeformat(LARGEST)}
            )
        return file


@staff_required("anagrafica")
@require_http_methods(["GET", "HEAD", "POST"])
def duties(request: HttpRequest) -> HttpResponse:
    """The form; after an upload its report. `fai=controlla` writes nothing, `fai=scrivi` writes the duties of the territory."""
    form = DutiesFileForm(request.POST, request.FILES) if request.method == "POST" else DutiesFileForm()
    context: dict[str, Any] = {"form": form, "columns": [names[0] for names in COLUMNS.values()]}
    if form.is_valid():
        dry_run = request.POST.get("fai") != WRITE
        try:
            report = _read(form.cleaned_data["elenco"], request, dry_run=dry_run)
        except MissingColumns:
            form.add_error(
                "elenco", gettext("La prima riga deve avere i nomi delle colonne: cod_farmacia, turno e dal")
            )
        except NothingRead as refusal:
            form.add_error("elenco", _nothing(refusal.reason))
        except ImportUnderWay:
            form.add_error(None, gettext("Un altro elenco di turni si sta caricando: riprova fra un minuto"))
        else:
            refused = [refused_duty(line, reason) for line, reason in sorted(report.broken_lines)[:SHOWN]]
            context |= {
                "report": report,
                "written": not dry_run,
                "refused": refused,
                "more": report.broken - len(refused),
            }
    return render(request, "staff/duties.html", context)


def _read(file: "UploadedFile[bytes]", request: HttpRequest, *, dry_run: bool) -> DutyReport:
    """Raises MissingColumns, NothingRead, ImportUnderWay."""
    opened: Any = file.file
    return import_duties(opened, file.name or "", now_of(request), by=staff_of(request), dry_run=dry_run)


def refused_duty(line: int, reason: str) -> RefusedDuty:
    """The reason of the importer in the words of the page; a reason that has none keeps its own."""
    named = _NAMED.fullmatch(reason)
    code, plain = (named[1], named[2]) if named else ("", reason)
    for pattern, words in _REASONS:
        found = re.fullmatch(pattern, plain)
        if found:
            is_counted = "%s" in str(words)
            if not code and not is_counted and found.groups() and "code" in pattern:
                code = found[1]
            return RefusedDuty(line, code, str(words) % found.groups() if is_counted else str(words))
    return RefusedDuty(line, code, plain)


def _nothing(reason: str) -> str:
    if not reason:
        return gettext("Il file non ha righe di turni")
    refused = refused_duty(0, reason)
    about = {"why": refused.why, "code": refused.code}
    if refused.code:
        return gettext("Nessuna riga si può prendere. La prima, della farmacia %(code)s: %(why)s") % about
    return gettext("Nessuna riga si può prendere. La prima: %(why)s") % about
