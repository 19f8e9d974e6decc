"""A column that follows others: the words of a pharmacy as they are looked for."""

from typing import Any

from django.db import models

from pharmacies.folding import folded

LONGEST = 300


class FoldedField(models.CharField):  # type: ignore[type-arg]  # generic in its stubs only
    """Written whenever its row is, by save() and by bulk_create(). `of`: the attribute whose words it holds, folded."""

    def __init__(self, *args: Any, of: str = "", **kwargs: Any) -> None:
        self.of = of
        super().__init__(*args, **{"max_length": LONGEST, "default": "", "db_default": "", "editable": False, **kwargs})

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = folded(str(getattr(model_instance, self.of)))[:LONGEST]
        setattr(model_instance, self.attname, value)
        return value

    def deconstruct(self) -> Any:
        """To migrations it is a CharField: what fills it is code."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs
