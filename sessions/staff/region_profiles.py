"""Profiles of regions: contexts, hours and policies as a TOML file, checked by the rules of the page «Contesti» (docs/profiles.md)."""

import tomllib
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.forms.models import model_to_dict
from django.utils.translation import gettext as _

from pharmacies.models import Pharmacy
from portal.journal.models import record
from sessions.models import AskableContext, Context, IdSessione
from sessions.staff.contexts import ContextForm

SHIPPED = Path(__file__).parents[1] / "regions"
LARGEST = 64 * 1024  # bytes of a file
TYPES = {str(kind.label).lower(): kind for kind in Pharmacy.Type}
_OF_A_CONTEXT = {*ContextForm.Meta.fields, "types"}


class ProfileRefused(Exception):
    """The file is no profile, or a context of it breaks a rule; the message is the sentence for the operator."""


@dataclass(frozen=True)
class RegionProfile:
    """The content of a file: a name, and the given fields of each context."""

    name: str
    contexts: list[dict[str, Any]] = field(default_factory=list)


def shipped_names() -> list[str]:
    """The profiles that come with the portal."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def read_profile(source: str) -> RegionProfile:
    """Reads a shipped profile by its name, or a file by its path. Checks the schema, not the values. Raises ProfileRefused."""
    path = SHIPPED / f"{source}.toml" if source in shipped_names() else Path(source)
    try:
        with path.open("rb") as opened:
            text = opened.read(LARGEST + 1)
        if len(text) > LARGEST:
            raise ProfileRefused(_("Il file è troppo grande per essere un profilo."))
        found = tomllib.loads(text.decode())
    except OSError as error:
        names = ", ".join(shipped_names())
        raise ProfileRefused(
            _("Non trovo il profilo «%(source)s». Quelli forniti: %(names)s.") % {"source": source, "names": names}
        ) from error
    except ValueError as error:  # not UTF-8, not TOML
        raise ProfileRefused(_("Il file non è TOML valido: %(why)s.") % {"why": error}) from error
    _refuse_unknown(found, {"name", "context"}, _("nel file"))
    name, contexts = found.get("name"), found.get("context")
    if not isinstance(name, str) or not isinstance(contexts, list) or not contexts:
        raise ProfileRefused(_("Il profilo deve avere un nome (name) e almeno un contesto ([[context]])."))
    for number, context in enumerate(contexts, 1):
        if not isinstance(context, dict):
            raise ProfileRefused(_("Ogni contesto è una tabella: scrivi [[context]]."))
        _refuse_unknown(context, _OF_A_CONTEXT, _("nel contesto %(number)s") % {"number": number})
    return RegionProfile(name, contexts)


def _refuse_unknown(found: dict[str, Any], known: set[str], where: str) -> None:
    if unknown := sorted(found.keys() - known):
        raise ProfileRefused(
            _("Voci sconosciute %(where)s: %(names)s.") % {"where": where, "names": ", ".join(unknown)}
        )


@transaction.atomic
def load_profile(profile: RegionProfile, now: datetime, *, dry_run: bool = False) -> list[str]:
    """Writes the contexts of the profile; returns a line for each that is new or changes. Idempotent; takes no context away.

    `dry_run` writes nothing and returns the same lines. Raises ProfileRefused: then nothing is written.
    """
    lines = [line for fields in profile.contexts for line in _loaded(fields, now)]
    if dry_run:
        transaction.set_rollback(True)
    return lines


def _loaded(fields: dict[str, Any], now: datetime) -> list[str]:
    codes = {name: fields.get(name, "") for name in ("contesto", "applicazione")}
    if not all(isinstance(code, str) for code in codes.values()):
        raise ProfileRefused(_("contesto e applicazione sono testi."))
    row = Context.objects.select_for_update().filter(**codes).first() or Context(**codes)
    is_new, name = row.pk is None, f"{codes['contesto']} {codes['applicazione']}".strip()
    types = _types(fields, name)
    given = {key: value for key, value in fields.items() if key != "types"}
    stays = not is_new and IdSessione.objects.filter(context=row).exists()
    form = ContextForm(model_to_dict(row, ContextForm.Meta.fields) | given, instance=row, codes_stay=stays)
    if not form.is_valid():
        why = "; ".join(f"{key}: {message}" for key, messages in form.errors.items() for message in messages)
        raise ProfileRefused(_("Contesto %(name)s: %(why)s.") % {"name": name, "why": why})
    lines = []
    if is_new:
        form.save()
        record("context.added", now=now, actor=None, subject=row, context=name, rules=form.rules)
        lines.append(f"{name}: {form.rules}")
    elif form.has_changed():
        form.save()
        record("context.changed", now=now, actor=None, subject=row, context=name, changes=form.changes)
        lines.append(f"{name}: {form.changes}")
    return lines + (_typed(row, types, now) if types is not None else [])


def _types(fields: dict[str, Any], name: str) -> list[Pharmacy.Type] | None:
    """The types of site that may ask for ids; None: the file does not say."""
    if "types" not in fields:
        return None
    try:
        return sorted(TYPES[kind] for kind in fields["types"])
    except (KeyError, TypeError):
        known = ", ".join(TYPES)
        raise ProfileRefused(
            _("Contesto %(name)s: types è un elenco di %(known)s.") % {"name": name, "known": known}
        ) from None


def _typed(row: Context, types: list[Pharmacy.Type], now: datetime) -> list[str]:
    """Sets the types of site of a context; returns a line when that changes them."""
    before, after = (", ".join(str(kind.label).lower() for kind in kinds) for kinds in (row.askable_types, types))
    if before == after:
        return []
    row.askable.exclude(type__in=types).delete()
    held = set(row.askable.values_list("type", flat=True))
    AskableContext.objects.bulk_create(AskableContext(context=row, type=kind) for kind in types if kind not in held)
    record("context.types", now=now, actor=None, subject=row, context=str(row), before=before, after=after)
    return [
        _("%(context)s: chi lo può chiedere da «%(before)s» a «%(after)s»")
        % {"context": row, "before": before, "after": after}
    ]
