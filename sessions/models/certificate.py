"""The certificates with which a gestionale encrypts the pincode. Two may be live at once, for rotation."""

from datetime import datetime

from django.db import models

from portal.time import database_clock


class PincodeCertificateQuerySet(models.QuerySet["PincodeCertificate"]):
    def live(self, now: datetime) -> "PincodeCertificateQuerySet":
        """Certificates in service: valid in real time and not retired, the newest (which is published) first."""
        real = database_clock.real_of(now)
        return self.filter(retired_at=None, valid_from__lte=real, valid_until__gt=real).order_by("-valid_from", "-pk")


class PincodeCertificate(models.Model):
    """RSA 1,536 bits at most: the encrypted pincode must fit 256 characters of base64 (docs/contract.md, section 2)."""

    serial = models.CharField("numero di serie", max_length=40, unique=True)  # hexadecimal
    certificate = models.TextField("certificato")  # PEM, public
    sealed_key = models.BinaryField(null=True)  # PEM, sealed; None: the key is read from a file or the environment
    valid_from = models.DateTimeField("valido dal")
    valid_until = models.DateTimeField("valido fino al")
    created_at = models.DateTimeField("creato il")
    retired_at = models.DateTimeField("ritirato il", null=True)

    objects = PincodeCertificateQuerySet.as_manager()

    class Meta:
        verbose_name = "certificato per cifrare il pincode"
        verbose_name_plural = "certificati per cifrare il pincode"

    def __str__(self) -> str:
        return f"certificato {self.serial}"
