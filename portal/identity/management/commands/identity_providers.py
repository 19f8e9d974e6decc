"""`manage.py identity_providers refresh|list|check`: who may show us a person."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal.identity import registry
from portal.identity.providers.saml.provider import SamlProvider
from portal.identity.registry import NotTaken, Taken
from portal.identity.registry_check import alerts, good_until, saml_doors


class Command(BaseCommand):
    help = (
        "The identity providers of SPID and CIE. `refresh` reads the signed registry (or a file whose SHA-256 you had by "
        "another road); `list` says who is loaded; `check` says what must be done before people notice (exit code 1: something)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        refresh = actions.add_parser(
            "refresh", help="read the registry; what is unsigned or drops who works changes nothing"
        )
        listing = actions.add_parser("list", help="who is loaded, and until when the certificates are good")
        check = actions.add_parser("check", help="certificates that end within 30 days, registries silent for 3 days")
        for each in (refresh, listing, check):
            each.add_argument("--door", default="", metavar="spid|cie", help="only this way in")
            each.add_argument("--json", action="store_true", help="one JSON object")
        refresh.add_argument("--file", type=Path, help="a document that is already here, instead of the address")
        refresh.add_argument("--sha256", default="", help="of that file, when it is not signed by the registry")
        refresh.add_argument("--drop", action="append", default=[], metavar="ENTITY_ID", help="this one may go")

    def handle(self, *args: Any, **options: Any) -> None:
        doors = [door for door in saml_doors() if options["door"] in ("", door.key)]
        if not doors:
            raise CommandError("No way in of that name speaks SAML here (IDENTITY_PROVIDERS).")
        getattr(self, f"_{options['action']}")(doors, options, timezone.now())

    def _refresh(self, doors: list[SamlProvider], options: dict[str, Any], now: datetime) -> None:
        if (options["file"] or options["drop"]) and len(doors) != 1:
            raise CommandError("With --file or --drop, say also which --door.")
        told: dict[str, Any] = {}
        for door in doors:
            try:
                told[door.key] = asdict(_taken(door.key, options, now))
            except NotTaken as error:
                told[door.key] = {"not_taken": str(error)}
        if options["json"]:
            self.stdout.write(json.dumps(told))
        else:
            for key, result in told.items():
                self.stdout.write(f"{key}: {_in_words(result)}")
        if any("not_taken" in result for result in told.values()):
            sys.exit(1)

    def _list(self, doors: list[SamlProvider], options: dict[str, Any], now: datetime) -> None:
        loaded = [
            {
                "door": door.key, "entity_id": each.entity_id, "name": each.name, "certificates": len(each.certificates),
                "good_until": good_until(each).isoformat(), "works": registry.works(each, now),
            }
            for door in doors for each in door.identity_providers()
        ]  # fmt: skip
        if options["json"]:
            self.stdout.write(json.dumps(loaded))
            return
        for one in loaded:
            state = "" if one["works"] else "  EXPIRED"
            self.stdout.write(f"{one['door']:<6}{one['entity_id']:<60}{str(one['good_until'])[:10]}{state}")
        self.stdout.write(f"{len(loaded)} loaded.")

    def _check(self, doors: list[SamlProvider], options: dict[str, Any], now: datetime) -> None:
        keys = {door.key for door in doors}
        found = [each for each in alerts(now) if each.door in keys]
        if options["json"]:
            self.stdout.write(json.dumps([asdict(each) for each in found]))
        else:
            for each in found:
                self.stdout.write(f"{'NOW  ' if each.urgent else 'SOON '}{each}")
            self.stdout.write(f"{len(found)} things to do." if found else "Nothing to do.")
        if found:
            sys.exit(1)


def _taken(door: str, options: dict[str, Any], now: datetime) -> Taken:
    source = registry.source_of(door)
    if options["file"] is None and not options["drop"]:
        return registry.refresh(door, now)
    try:
        body = options["file"].read_bytes() if options["file"] else registry.fetched(source.url)
    except OSError as error:
        raise NotTaken(f"the file cannot be read ({type(error).__name__})") from error
    named = str(options["file"] or source.url)
    dropping = tuple(options["drop"])
    try:
        taken = registry.take(
            door, body, now, certificates=source.certificates, digest=options["sha256"], dropping=dropping
        )
    except NotTaken as error:
        registry.written_down(door, named, now, error)
        raise
    registry.written_down(door, named, now, taken)
    return taken


def _in_words(result: dict[str, Any]) -> str:
    if "not_taken" in result:
        return f"NOT TAKEN, nothing changed: {result['not_taken']}."
    counts = ", ".join(f"{len(result[name])} {name}" for name in ("added", "changed", "removed", "unchanged"))
    left_out = "".join(f"\n  left out: {name}: {why}" for name, why in result["left_out"].items())
    return f"{counts}.{left_out}"
