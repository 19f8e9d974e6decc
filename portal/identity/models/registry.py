"""The identity providers as a registry published them, and each reading of a registry."""

from datetime import datetime, timedelta

from django.db import models

READINGS_ARE_KEPT_FOR = timedelta(days=90)
REPLACED_ARE_KEPT_FOR = timedelta(days=731)  # as the logins that they answered


class RegisteredProviderQuerySet(models.QuerySet["RegisteredProvider"]):
    def current(self, door: str) -> "RegisteredProviderQuerySet":
        return self.filter(door=door, replaced_at=None).order_by("entity_id")

    def forgettable(self, now: datetime) -> "RegisteredProviderQuerySet":
        return self.filter(replaced_at__lte=now - REPLACED_ARE_KEPT_FOR)


class RegisteredProvider(models.Model):
    """The metadata of one identity provider, from when to when they were the ones in use. Every process reads them here."""

    door = models.CharField(max_length=32)  # the way in: "spid", "cie"; "cie-oidc" by OpenID Connect
    entity_id = models.CharField(max_length=255)
    document = (
        models.TextField()
    )  # its EntityDescriptor as it was signed; for OpenID Connect its chain of trust, a JWT a line
    digest = models.CharField(max_length=64)  # SHA-256 of the document
    loaded_at = models.DateTimeField()
    replaced_at = models.DateTimeField(null=True)

    objects = RegisteredProviderQuerySet.as_manager()

    class Meta:
        verbose_name = "gestore di identità"
        verbose_name_plural = "gestori di identità"
        constraints = [  # also the index of current()
            models.UniqueConstraint(
                fields=["door", "entity_id"], condition=models.Q(replaced_at=None), name="one_current_provider"
            )
        ]

    def __str__(self) -> str:
        return f"{self.door} {self.entity_id}"


class RegistryReadingQuerySet(models.QuerySet["RegistryReading"]):
    def newest(self, door: str) -> "RegistryReading | None":
        return self.filter(door=door).order_by("-pk").first()

    def forgettable(self, now: datetime) -> "RegistryReadingQuerySet":
        return self.filter(at__lte=now - READINGS_ARE_KEPT_FOR)


class RegistryReading(models.Model):
    """A registry was asked: how many providers it has, or why what it said was not taken."""

    door = models.CharField(max_length=32)
    at = models.DateTimeField()
    source = models.CharField(max_length=300)
    providers = models.PositiveIntegerField(default=0)
    refused_because = models.CharField(max_length=300, blank=True)

    objects = RegistryReadingQuerySet.as_manager()

    class Meta:
        verbose_name = "lettura di un registro"
        verbose_name_plural = "letture dei registri"
        indexes = [models.Index(fields=["door", "-id"], name="registry_reading_newest")]

    def __str__(self) -> str:
        return f"{self.door} {self.at:%Y-%m-%d %H:%M}"
