"""What a member of the staff may do: four roles, each a Django group with a permission of the same name."""

from django.db import models


class StaffRole(models.TextChoices):
    """Whoever has a role may look; more than one can be held at a time. None of them implies another."""

    LETTURA = "lettura", "Consulta le pagine degli operatori"
    ASSISTENZA = "assistenza", "Invia di nuovo, sblocca, scrive note"
    SICUREZZA = "sicurezza", "Revoca, blocca, legge il registro attività"
    AMMINISTRAZIONE = "amministrazione", "Gestisce operatori, contesti e certificati"


# What a group of the migration may do: every role looks.
PERMISSIONS = {role.value: {StaffRole.LETTURA.value, role.value} for role in StaffRole}
