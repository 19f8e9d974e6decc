"""«Certificati»: lists, makes and retires the certificates that encrypt the pincode. No page shows a private key."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from portal.identity.access import staff_of, staff_required
from portal.identity.staff_step_up import StepUp
from portal.journal.models import Entry
from portal.time.clock import now_of
from sessions.credentials import certificates
from sessions.models import PincodeCertificate
from sessions.staff.reason import ReasonForm

CHANGES_SHOWN = 10
WHY_NOT: dict[type[certificates.CertificateRefused], str] = {
    certificates.TooManyLive: "Ci sono già due certificati in servizio: prima di crearne un altro, ritira il più vecchio.",
    certificates.LastLive: "È l’ultimo certificato in servizio e non si può ritirare: i gestionali non avrebbero con che cosa cifrare il pincode. Prima crea il nuovo.",
    certificates.NoSuchCertificate: "Questo certificato è già stato ritirato.",
    certificates.AnotherMeanwhile: "Nel frattempo i certificati sono cambiati e non ne è stato creato un altro: controlla l’elenco.",
}  # fmt: skip


class WhyRetiredForm(ReasonForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["motivo"].help_text = "Resta nel registro attività: niente password, codici o dati di pazienti."


@dataclass(frozen=True)
class Listed:
    """A certificate as the staff see it: its state and the days that it has left."""

    row: PincodeCertificate
    now: datetime
    live: tuple[str, ...]  # serials of the live certificates, newest first

    @property
    def published(self) -> certificates.Published:
        return certificates.Published.of(self.row)

    @property
    def is_live(self) -> bool:
        return self.row.serial in self.live

    @property
    def is_in_use(self) -> bool:
        """The newest live one, which the public page lists first."""
        return self.live[:1] == (self.row.serial,)

    @property
    def deciphers(self) -> bool:
        """Whether it is live and the portal can read its private key."""
        try:
            return self.is_live and bool(certificates.private_key(self.row))
        except (certificates.KeyOutOfReach, certificates.UnsuitableKey):
            return False

    @property
    def state(self) -> tuple[str, str]:
        """Colour and word of its label."""
        if self.row.retired_at is not None:
            return "muted", "Ritirato"
        if not self.is_live:
            return "muted", "Scaduto"
        if not self.deciphers:
            return "bad", "Non decifra"
        return ("ok", "In uso") if self.is_in_use else ("ok", "Decifra ancora")

    @property
    def days_left(self) -> int:
        """Days left, of 24 hours, rounded up."""
        return -((self.now - self.row.valid_until) // timedelta(days=1))

    @property
    def ends_soon(self) -> bool:
        return self.is_live and certificates.ends_soon(self.row, self.now)

    @property
    def left(self) -> str:
        """`1 giorno`, `12 giorni`."""
        return "1 giorno" if self.days_left == 1 else f"{self.days_left} giorni"

    @property
    def is_the_last(self) -> bool:
        return self.live == (self.row.serial,)

    @property
    def may_retire(self) -> bool:
        return self.row.retired_at is None and not self.is_the_last


def _all(now: datetime) -> list[Listed]:
    live = tuple(row.serial for row in PincodeCertificate.objects.live(now))
    return [Listed(row, now, live) for row in PincodeCertificate.objects.order_by("-valid_from", "-pk")]


@staff_required("amministrazione", whole_nation=True)
@require_safe
def every_certificate(request: HttpRequest) -> HttpResponse:
    """Every certificate, newest first; what the operator must do; the last changes with their authors."""
    rows = _all(now_of(request))
    live = [row for row in rows if row.is_live]
    context = {
        "certificates": rows,
        "live": live,
        "ending": live and all(row.ends_soon for row in live) and max(live, key=lambda listed: listed.row.valid_until),
        "unread": [row for row in live if not row.deciphers],
        "full": len(live) >= certificates.LIVE_AT_ONCE,
        "changes": Entry.objects.filter(verb__startswith="certificate.").order_by("-at", "-pk")[:CHANGES_SHOWN],
    }
    return render(request, "staff/certificates.html", context)


@staff_required("amministrazione", whole_nation=True, step_up=StepUp.PAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def new_certificate(request: HttpRequest) -> HttpResponse:
    """«Nuovo certificato»: publishes a new certificate at once; the previous one goes on decrypting."""
    now = now_of(request)
    live = [row for row in _all(now) if row.is_live]
    if request.method == "POST":
        try:
            row = certificates.make(now, actor=staff_of(request), newest=request.POST.get("dopo"))
        except certificates.CertificateRefused as refusal:
            return _refused(request, refusal)
        messages.success(
            request, f"Certificato {certificates.Published.of(row).name} creato: i gestionali lo possono già scaricare."
        )
        return redirect("staff:certificates")
    if len(live) >= certificates.LIVE_AT_ONCE:
        return _refused(request, certificates.TooManyLive())
    return render(
        request,
        "staff/certificate_new.html",
        {"current": live[0] if live else None, "ends_at": now + timedelta(days=certificates.DAYS)},
    )


@staff_required("amministrazione", whole_nation=True, step_up=StepUp.PAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def retire_certificate(request: HttpRequest, pk: int) -> HttpResponse:
    """«Ritira»: wipes the private key: the portal can no longer decrypt with it. Never the last live certificate."""
    now = now_of(request)
    row = get_object_or_404(PincodeCertificate, pk=pk)
    rows = _all(now)
    listed = next(one for one in rows if one.row.pk == row.pk)
    if not listed.may_retire:
        return _refused(request, certificates.NoSuchCertificate() if row.retired_at else certificates.LastLive())
    form = WhyRetiredForm(request.POST or None)
    if form.is_valid():
        try:
            certificates.retire(row.serial, now, actor=staff_of(request), because=form.reason)
        except certificates.CertificateRefused as refusal:
            return _refused(request, refusal)
        messages.success(
            request, f"Certificato {listed.published.name} ritirato: il portale non decifra più con la sua chiave."
        )
        return redirect("staff:certificates")
    heir = next((other for other in rows if other.is_live and other.row.pk != row.pk), None)
    return render(request, "staff/certificate_retire.html", {"form": form, "certificate": listed, "heir": heir})


def _refused(request: HttpRequest, refusal: certificates.CertificateRefused) -> HttpResponse:
    messages.warning(request, WHY_NOT[type(refusal)])
    return redirect("staff:certificates")
