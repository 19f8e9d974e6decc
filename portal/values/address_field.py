"""A column of e-mail addresses that stores and looks up their normal form."""

from typing import Any

from django.db import models

from portal.values.mail_address import ascii_address


class AddressField(models.EmailField):  # type: ignore[type-arg]  # generic in its stubs only
    """An EmailField whose domains are stored in ASCII (portal/values/mail_address.py). To migrations it is an EmailField."""

    def get_prep_value(self, value: Any) -> Any:
        prepared = super().get_prep_value(value)
        return ascii_address(prepared) if isinstance(prepared, str) else prepared

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.EmailField", args, kwargs
