"""The five roles of the staff: each is a Django group with a permission of the same name."""

from django.db import models


class StaffRole(models.TextChoices):
    """Every role includes reading. An operator may hold several; no role implies another."""

    LETTURA = "lettura", "Consulta le pagine degli operatori"
    ASSISTENZA = "assistenza", "Invia di nuovo, sblocca, scrive note"
    SICUREZZA = "sicurezza", "Revoca, blocca, legge il registro attività"
    ANAGRAFICA = "anagrafica", "Scrive chi è titolare, direttore o delegato, e le utenze"
    AMMINISTRAZIONE = "amministrazione", "Gestisce operatori, contesti e certificati"


# The permissions of each group, as the migration creates them: every role includes reading.
PERMISSIONS = {role.value: {StaffRole.LETTURA.value, role.value} for role in StaffRole}
