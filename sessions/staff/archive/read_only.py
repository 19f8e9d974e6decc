"""How a model is shown in the archive: the columns that are named, masked, and nothing that changes a row."""

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
    """Only what `list_display` and `fields` name is shown: a column added to a model stays out until somebody names it."""

    slug: ClassVar[str]
    labels: ClassVar[dict[str, str]] = {}  # of the columns that the model leaves without an Italian name
    code_is: ClassVar[str] = ""  # where the code of the pharmacy is ("pharmacy__code"): what one may search by
    with_rows: ClassVar[tuple[str, ...]] = ()  # read in the same query
    personal: ClassVar[bool] = (
        True  # a row says something of a person: that somebody opened it is a line of the journal
    )
    actions = None

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Amministrazione, with the second factor, for the whole nation: what is kept is not kept by region."""
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
        """The rows, newest first; those of one pharmacy when a code is given. Nothing else of the address is obeyed."""
        rows = self.get_queryset(request).order_by("-pk")
        if self.with_rows:
            rows = rows.select_related(*self.with_rows)
        return rows.filter(**{self.code_is: code}) if code and self.code_is else rows

    def heads(self) -> list[str]:
        return [self._label(name) for name in self.list_display]  # type: ignore[arg-type]

    def cells(self, row: models.Model) -> list[tuple[str, str]]:
        """Each with the head of its column: on a narrow screen it stands beside the value."""
        return [(self._label(name), self._shown(name, row)) for name in self.list_display]  # type: ignore[arg-type]

    def facts(self, row: models.Model) -> Iterator[tuple[str, str]]:
        """Label and value of each of `fields`."""
        for name in self.fields or ():
            yield self._label(str(name)), self._shown(str(name), row)

    def _label(self, name: str) -> str:
        label = self.labels.get(name) or str(label_for_field(name, self.model, self))
        return label[:1].upper() + label[1:]

    def _shown(self, name: str, row: models.Model) -> str:
        """In words, without whole addresses nor what looks like a code."""
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


# Six digits that are no secret: codes of the public register, the number that the gestionale enters with.
PLAIN = frozenset({"code", "about", "comune_code", "codice_ssa", "partita_iva", "cap", "user_id"})


def who(user: User) -> str:
    """The name; of a person without one the account is the codice fiscale, which is masked."""
    return mask_codice_fiscale(user.codice_fiscale) if user.full_name == user.codice_fiscale else user.full_name
