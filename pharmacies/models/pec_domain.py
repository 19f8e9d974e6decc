"""The PEC domains that an operator added to the shipped list; an upgrade keeps them."""

from django.db import models

from pharmacies.addresses.pec import with_parents


class PecDomainQuerySet(models.QuerySet["PecDomain"]):
    def cover(self, domain: str) -> bool:
        """True when an operator added the domain or a parent of it."""
        return self.filter(domain__in=with_parents(domain)).exists()


class PecDomain(models.Model):
    domain = models.CharField("dominio", max_length=253, unique=True)  # ASCII, lower case
    added_at = models.DateTimeField("aggiunto il")

    objects = PecDomainQuerySet.as_manager()

    class Meta:
        verbose_name = "dominio PEC"
        verbose_name_plural = "domini PEC"
        ordering = ["domain"]

    def __str__(self) -> str:
        return self.domain
