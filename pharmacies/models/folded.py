"""A search column: a text in folded spelling, computed from other fields."""

from typing import Any

from django.db import models

from pharmacies.folding import folded

LONGEST = 300


class FoldedField(models.CharField):  # type: ignore[type-arg]  # generic in its stubs only
    """Stores an attribute in folded spelling; save() and bulk_create() recompute it. `of`: the name of the attribute."""

    def __init__(self, *args: Any, of: str = "", **kwargs: Any) -> None:
        self.of = of
        super().__init__(*args, **{"max_length": LONGEST, "default": "", "db_default": "", "editable": False, **kwargs})

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = folded(str(getattr(model_instance, self.of)))[:LONGEST]
        setattr(model_instance, self.attname, value)
        return value

    def deconstruct(self) -> Any:
        """Migrations see a CharField, because only the code fills it."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.CharField", args, kwargs
