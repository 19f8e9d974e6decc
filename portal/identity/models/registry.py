"""Metadata of the identity providers, with their history, and each reading of a registry."""

from datetime import datetime, timedelta

from django.db import models

READINGS_ARE_KEPT_FOR = timedelta(days=90)
REPLACED_ARE_KEPT_FOR = timedelta(days=731)  # as long as the records of the logins that they answered


class RegisteredProviderQuerySet(models.QuerySet["RegisteredProvider"]):
    def current(self, door: str) -> "RegisteredProviderQuerySet":
        return self.filter(door=door, replaced_at=None).order_by("entity_id")

    def forgettable(self, now: datetime) -> "RegisteredProviderQuerySet":
        return self.filter(replaced_at__lte=now - REPLACED_ARE_KEPT_FOR)


class RegisteredProvider(models.Model):
    """One version of the metadata of an identity provider, in use from `loaded_at` to `replaced_at`; shared by all processes."""

    door = models.CharField(max_length=32)  # "spid", "cie"; "cie-oidc" for OpenID Connect
    entity_id = models.CharField(max_length=255)
    # the EntityDescriptor as signed; for OpenID Connect the chain of trust, one JWT on each line
    document = models.TextField()
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

    def latest_end(self, door: str) -> datetime | None:
        """The latest `valid_until` of the documents taken from this registry; None when none said it."""
        ends: datetime | None = self.filter(door=door, refused_because="").aggregate(end=models.Max("valid_until"))[
            "end"
        ]
        return ends

    def forgettable(self, now: datetime) -> "RegistryReadingQuerySet":
        return self.filter(at__lte=now - READINGS_ARE_KEPT_FOR)


class RegistryReading(models.Model):
    """One reading of a registry: the number of providers, or why it was refused."""

    door = models.CharField(max_length=32)
    at = models.DateTimeField()
    source = models.CharField(max_length=300)
    providers = models.PositiveIntegerField(default=0)
    refused_because = models.CharField(max_length=300, blank=True)
    valid_until = models.DateTimeField(null=True)  # of the document, when it says so

    objects = RegistryReadingQuerySet.as_manager()

    class Meta:
        verbose_name = "lettura di un registro"
        verbose_name_plural = "letture dei registri"
        indexes = [models.Index(fields=["door", "-id"], name="registry_reading_newest")]

    def __str__(self) -> str:
        return f"{self.door} {self.at:%Y-%m-%d %H:%M}"
