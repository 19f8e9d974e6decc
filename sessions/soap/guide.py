"""The public page «Per chi sviluppa un gestionale»: from the certificate to the first id, with samples that run as they are."""

from datetime import date
from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from portal.information import INFORMATION, Information
from portal.time.clock import now_of
from portal.values.public_users import PHARMACY, PUBLIC_USERS, PublicUser
from sessions.models import Context, PincodeCertificate
from sessions.soap import wire_words
from sessions.soap.wire_words import ResultCode

PAGE = Information("gestionali", "Per chi sviluppa un gestionale", "Guide e assistenza", date(2026, 11, 30))
# In production the manual's users do not exist: the reader fills in an utenza.
OWN = PublicUser("TUA-UTENZA", "TUA-PASSWORD", "TUO-PINCODE", "TUO-CODICE-FISC", ("REG", "ASL", "SSA"), "EROGATORE")
SAMPLES = (("php", "PHP"), ("python", "Python"), ("csharp", "C#"), ("java", "Java"))
FIRST_SAMPLES = ("curl", "check")

_PROGRAM = _("Il gestionale ha mandato un dato che il servizio non accetta: chiama chi te lo fornisce.")
_ACCOUNT = _(
    "I dati dell’utenza scritti nel gestionale non sono quelli del portale: controllali in «Utenze del gestionale»."
)
_NEW_ONE = _("Questo ID SESSIONE non vale più: usa l’ultimo arrivato per e-mail, o chiedine uno nuovo.")
# The sentences for the pharmacist. A code without a line here is a mistake of the program.
SHOWN = {
    "01": _("Manca l’ID SESSIONE: incolla quello arrivato per e-mail."),
    "05": _NEW_ONE, "06": _NEW_ONE, "07": _("Le ore di questo ID SESSIONE sono finite: chiedine uno nuovo."),
    "100": _("L’indirizzo e-mail certificato rifiuta i messaggi: il titolare lo cambia sul portale."),
    "200": _("Manca l’indirizzo e-mail certificato: il titolare lo certifica sul portale."),
    "302": _("Il pincode non è giusto: scrivilo di nuovo, o generane uno nuovo sul portale."),
    "306": _ACCOUNT, "307": _ACCOUNT, "602": _ACCOUNT,
    "603": _("Questo ID SESSIONE non esiste: copialo di nuovo, tutto intero, dall’e-mail."),
    "9998": _("Per questo tipo di ricetta la farmacia non può chiedere un ID SESSIONE."),
    "9999": _("Il servizio ha un problema: riprova tra qualche minuto. L’ID SESSIONE che hai resta valido."),
}  # fmt: skip


class CodeLine(NamedTuple):
    """A line of the table of errors."""

    outcome: ResultCode
    shown: str  # to the pharmacist


def code_lines() -> list[CodeLine]:
    """Every code that the service knows, by number, with the sentence for the pharmacist."""
    outcomes = [value for value in vars(wire_words).values() if isinstance(value, ResultCode)]
    return [
        CodeLine(found, str(SHOWN.get(found.code, _PROGRAM))) for found in sorted(outcomes, key=lambda o: int(o.code))
    ]


def samples(request: HttpRequest) -> dict[str, str]:
    """Name → text of each sample, with this portal's addresses; in TEST mode with a user that exists."""
    newest = PincodeCertificate.objects.live(now_of(request)).first()
    path = reverse("a2f:certificate_pem", args=[newest.serial]) if newest else reverse("a2f:certificate")
    values = {
        "certificate": request.build_absolute_uri(path), "service": request.build_absolute_uri(reverse("a2f:service")),
        "user": PHARMACY if settings.A2F_MODE == "TEST" else OWN,
        "messages": wire_words.MESSAGES, "types": wire_words.TYPES,
    }  # fmt: skip
    names = [*FIRST_SAMPLES, *(name for name, _title in SAMPLES)]
    return {name: render_to_string(f"developers/{name}.txt", values).strip() for name in names}


@require_safe
def developers(request: HttpRequest) -> HttpResponse:
    """The page; everybody may read it."""
    texts = samples(request)
    shown = {
        "page": PAGE, "pages": INFORMATION.values(), "codes": code_lines(), "texts": texts,
        "languages": [(name, title, texts[name]) for name, title in SAMPLES],
        "users": PUBLIC_USERS if settings.A2F_MODE == "TEST" else (),
        "contexts": Context.objects.open_to_new().order_by("pk"),
    }  # fmt: skip
    return render(request, "developers/page.html", shown)
