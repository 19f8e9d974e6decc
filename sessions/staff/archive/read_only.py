"""The archive's base class: shows only named columns, masked, and changes nothing."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.utils import display_for_field, label_for_field, lookup_field
from django.db import models
from django.http import HttpRequest

from portal.identity.models import User
from portal.secrets.masking import mask_codice_fiscale, mask_people_in, mask_secrets_in
from portal.time.clock import italian_date_time

EMPTY = "–"


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]  # generic for mypy only
    """Shows only the columns in `list_display` and `fields`: a new column of a model stays hidden until it is added there."""

    slug: ClassVar[str]
    labels: ClassVar[dict[str, str]] = {}  # Italian names of columns that the model does not name
    code_is: ClassVar[str] = ""  # lookup of the pharmacy's code ("pharmacy__code"), the only search
    with_rows: ClassVar[tuple[str, ...]] = ()  # relations read in the same query
    personal: ClassVar[bool] = True  # rows hold personal data: the journal records who opens one
    actions = None

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Requires «amministrazione», the second factor and the whole nation: the archive is not divided by region."""
        user = request.user
        return (
            isinstance(user, User)
            and user.is_verified()  # type: ignore[attr-defined]
            and "amministrazione" in user.roles
            and user.territory.is_whole_nation
        )

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    @property
    def title(self) -> str:
        name = str(self.opts.verbose_name_plural)
        return name[:1].upper() + name[1:]

    def found(self, request: HttpRequest, code: str) -> "models.QuerySet[Any]":
        """The rows, newest first; of one pharmacy when a code is given. No other parameter of the URL has an effect."""
        rows = self.get_queryset(request).order_by("-pk")
        if self.with_rows:
            rows = rows.select_related(*self.with_rows)
        return rows.filter(**{self.code_is: code}) if code and self.code_is else rows

    def heads(self) -> list[str]:
        return [self._label(name) for name in self.list_display]  # type: ignore[arg-type]

    def cells(self, row: models.Model) -> list[tuple[str, str]]:
        """Cells with the head of their column, which a narrow screen shows beside the value."""
        return [(self._label(name), self._shown(name, row)) for name in self.list_display]  # type: ignore[arg-type]

    def facts(self, row: models.Model) -> Iterator[tuple[str, str]]:
        """Yields label and value of every column in `fields`."""
        for name in self.fields or ():
            yield self._label(str(name)), self._shown(str(name), row)

    def _label(self, name: str) -> str:
        label = self.labels.get(name) or str(label_for_field(name, self.model, self))
        return label[:1].upper() + label[1:]

    def _shown(self, name: str, row: models.Model) -> str:
        """The value as text, without whole addresses or anything that looks like a code."""
        field, _, value = lookup_field(name, row, self)
        if value is None or value in ("", []):
            return EMPTY
        if isinstance(value, bool):
            return "sì" if value else "no"
        if isinstance(value, User):
            return who(value)
        if isinstance(value, datetime):
            return italian_date_time(value)
        if isinstance(value, list):
            return mask_secrets_in(", ".join(map(str, value)))
        if field is None or isinstance(value, models.Model):
            return mask_people_in(str(value))
        shown = str(display_for_field(value, field, EMPTY))
        return mask_secrets_in(shown) if isinstance(value, str) and name not in PLAIN else mask_people_in(shown)


# Columns whose six digits are no secret: codes of the public register, the userId of the gestionale.
PLAIN = frozenset({"code", "about", "comune_code", "codice_ssa", "partita_iva", "cap", "user_id"})


def who(user: User) -> str:
    """The name of a person; without one the account name is the codice fiscale, which is masked."""
    return mask_codice_fiscale(user.codice_fiscale) if user.full_name == user.codice_fiscale else user.full_name
