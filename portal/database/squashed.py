"""Stops `migrate` on a database that has only some of the migrations replaced by the squash, with a clearer message than Django's."""

from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

LAST_BEFORE = "b0a6e99"  # the last commit with the migrations that were squashed


@register(Tags.database)
def no_database_in_between(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Reports each squashed migration of which the database has some predecessors, but not all."""
    installed = {config.label for config in apps.get_app_configs()}
    errors: list[CheckMessage] = []
    for alias in databases or ():
        applied = {name for name in MigrationRecorder(connections[alias]).applied_migrations() if name[0] in installed}
        loader = MigrationLoader(None)
        for (app, name), migration in sorted(loader.disk_migrations.items()):
            missing = [old for old in migration.replaces if old not in applied]
            if missing and len(missing) < len(migration.replaces) and (app, name) not in applied:
                errors.append(
                    Error(
                        f"The database has only some of the migrations that {app}.{name} replaces"
                        f" ({missing[0][1]} is missing).",
                        hint=f"Check out commit {LAST_BEFORE}, run `manage.py migrate`, come back and run it again.",
                        id="portal.E010",
                    )
                )
    return errors
