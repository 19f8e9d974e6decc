"""The public page of the certificates that encrypt the pincode, and their files."""

from datetime import date

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.information import INFORMATION, Information
from portal.time.clock import now_of
from sessions.credentials.certificates import Published
from sessions.models import PincodeCertificate

PAGE = Information(
    "certificato", "Certificato per cifrare il pincode", "Guide e assistenza", date(2026, 11, 23)
)  # fmt: skip


@require_safe
def certificate(request: HttpRequest) -> HttpResponse:
    """The live certificates, newest first; the page says when there is none."""
    published = [Published.of(row) for row in PincodeCertificate.objects.live(now_of(request))]
    return render(
        request, "sessions/certificate.html", {"page": PAGE, "pages": INFORMATION.values(), "certificates": published}
    )


@require_safe
def pem(request: HttpRequest, serial: str) -> HttpResponse:
    found = _published(request, serial)
    return _file(found.pem.encode(), "application/x-pem-file", f"{found.name}.pem")


@require_safe
def der(request: HttpRequest, serial: str) -> HttpResponse:
    found = _published(request, serial)
    return _file(found.der, "application/pkix-cert", f"{found.name}.cer")


def _published(request: HttpRequest, serial: str) -> Published:
    """The live certificate with this serial. Raises Http404 for any other: the portal could not decrypt with it."""
    row = PincodeCertificate.objects.live(now_of(request)).filter(serial=serial).first()
    if row is None:
        raise Http404
    return Published.of(row)


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    return HttpResponse(content, kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
