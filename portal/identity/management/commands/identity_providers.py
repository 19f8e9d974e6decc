"""`manage.py identity_providers refresh|list|check`: the identity providers that the portal trusts."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.identity.providers import every_provider
from portal.identity.providers.base import Provider
from portal.identity.providers.upkeep import LoadedEntity, NotByHand, NotTaken, Taken
from portal.time import database_clock


class Command(BaseCommand):
    help = (
        "The identity providers of SPID and CIE. `refresh` reads the signed registry (or a file with the SHA-256 that you "
        "give), for OpenID Connect the chain of trust; `list` prints the providers in use; `check` prints what an operator must do (exit code 1 when there is something)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        refresh = actions.add_parser(
            "refresh",
            help="read the registry; an unsigned document, or one that drops a working provider, changes nothing",
        )
        listing = actions.add_parser("list", help="the providers in use, and the end of their certificates")
        check = actions.add_parser("check", help="certificates that end within 30 days, registries not read for 3 days")
        for action in (refresh, listing, check):
            action.add_argument("--door", default="", metavar="spid|cie", help="only this provider")
            action.add_argument("--json", action="store_true", help="one JSON object")
        refresh.add_argument("--file", type=Path, help="read this document instead of the address of the registry")
        refresh.add_argument("--sha256", default="", help="digest of that file, when the registry has not signed it")
        refresh.add_argument(
            "--drop", action="append", default=[], metavar="ENTITY_ID", help="allow the registry to drop this entity"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        providers = [provider for provider in every_provider() if provider.refreshable]
        providers = [provider for provider in providers if options["door"] in ("", provider.key)]
        if not providers:
            raise CommandError("IDENTITY_PROVIDERS names no such provider that speaks SAML or OpenID Connect.")
        now = database_clock.real_now_to_write() if options["action"] == "refresh" else database_clock.real_now()
        getattr(self, f"_{options['action']}")(providers, options, now)

    def _refresh(self, providers: list[Provider], options: dict[str, Any], now: datetime) -> None:
        if (options["file"] or options["drop"]) and len(providers) != 1:
            raise CommandError("--file and --drop need --door.")
        results: dict[str, Any] = {}
        for provider in providers:
            try:
                results[provider.key] = asdict(_taken(provider, options, now))
            except NotTaken as error:
                results[provider.key] = {"not_taken": str(error)}
        if options["json"]:
            self.stdout.write(json.dumps(results))
        else:
            for key, result in results.items():
                self.stdout.write(f"{key}: {_in_words(result)}")
        if any("not_taken" in result for result in results.values()):
            sys.exit(1)

    def _list(self, providers: list[Provider], options: dict[str, Any], now: datetime) -> None:
        loaded = [_row(provider, entity) for provider in providers for entity in provider.loaded_entities(now)]
        if options["json"]:
            self.stdout.write(json.dumps(loaded))
            return
        for row in loaded:
            state = "" if row["works"] else "  EXPIRED"
            self.stdout.write(f"{row['door']:<6}{row['entity_id']:<60}{str(row['good_until'])[:10]}{state}")
        self.stdout.write(f"{len(loaded)} loaded.")

    def _check(self, providers: list[Provider], options: dict[str, Any], now: datetime) -> None:
        found = [alert for provider in providers for alert in provider.alerts(now)]
        if options["json"]:
            self.stdout.write(json.dumps([asdict(alert) for alert in found]))
        else:
            for alert in found:
                self.stdout.write(f"{'NOW  ' if alert.urgent else 'SOON '}{alert}")
            self.stdout.write(f"{len(found)} things to do." if found else "Nothing to do.")
        if found:
            sys.exit(1)


def _row(provider: Provider, entity: LoadedEntity) -> dict[str, Any]:
    facts = {name: value for name, value in asdict(entity).items() if value is not None}
    return {"door": provider.key, **facts, "good_until": entity.good_until.isoformat()}


def _taken(provider: Provider, options: dict[str, Any], now: datetime) -> Taken:
    if options["file"] is None and not options["drop"]:
        return provider.refresh(now)
    try:
        return provider.take_by_hand(options["file"], options["sha256"], tuple(options["drop"]), now)
    except NotByHand as error:
        raise CommandError(str(error)) from error


def _in_words(result: dict[str, Any]) -> str:
    if "not_taken" in result:
        return f"NOT TAKEN, nothing changed: {result['not_taken']}."
    counts = ", ".join(f"{len(result[name])} {name}" for name in ("added", "changed", "removed", "unchanged"))
    left_out = "".join(f"\n  left out: {name}: {why}" for name, why in result["left_out"].items())
    return f"{counts}.{left_out}"
