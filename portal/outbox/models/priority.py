"""Which letter leaves first."""

from django.db import models


class Priority(models.IntegerChoices):
    """A person waits at the screen for a code, a counter waits for an id; the rest can wait for those two."""

    CODE = 1, "codice"
    ID = 2, "ID SESSIONE"
    REMINDER = 3, "promemoria"
    NOTICE = 4, "avviso"
