"""The order in which letters leave."""

from django.db import models


class Priority(models.IntegerChoices):
    """The urgency of a letter, the most urgent first: a person waits for a code, a pharmacy waits for an id."""

    CODE = 1, "codice"
    ID = 2, "ID SESSIONE"
    REMINDER = 3, "promemoria"
    NOTICE = 4, "avviso"
