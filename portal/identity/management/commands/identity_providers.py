"""`manage.py identity_providers refresh|list|check`: who may show us a person."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.identity.alerts.provider_alerts import alerts, good_until, oidc_doors, saml_doors
from portal.identity.providers import oidc, registry
from portal.identity.providers.registry import NotTaken, Taken
from portal.identity.providers.saml.provider import SamlProvider
from portal.time import database_clock

Door = SamlProvider | oidc.CieOpenId


class Command(BaseCommand):
    help = (
        "The identity providers of SPID and CIE. `refresh` reads the signed registry (or a file whose SHA-256 you had by "
        "another road), by OpenID Connect the chain of trust; `list` says who is loaded; `check` says what must be done before people notice (exit code 1: something)."
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
        doors = [door for door in (*saml_doors(), *oidc_doors()) if options["door"] in ("", door.key)]
        if not doors:
            raise CommandError("No way in of that name speaks SAML or OpenID Connect here (IDENTITY_PROVIDERS).")
        now = database_clock.now_to_write() if options["action"] == "refresh" else database_clock.now()
        getattr(self, f"_{options['action']}")(doors, options, now)

    def _refresh(self, doors: list[Door], options: dict[str, Any], now: datetime) -> None:
        if (options["file"] or options["drop"]) and len(doors) != 1:
            raise CommandError("With --file or --drop, say also which --door.")
        told: dict[str, Any] = {}
        for door in doors:
            try:
                told[door.key] = asdict(_taken(door, options, now))
            except NotTaken as error:
                told[door.key] = {"not_taken": str(error)}
        if options["json"]:
            self.stdout.write(json.dumps(told))
        else:
            for key, result in told.items():
                self.stdout.write(f"{key}: {_in_words(result)}")
        if any("not_taken" in result for result in told.values()):
            sys.exit(1)

    def _list(self, doors: list[Door], options: dict[str, Any], now: datetime) -> None:
        loaded = [each for door in doors for each in _loaded(door, now)]
        if options["json"]:
            self.stdout.write(json.dumps(loaded))
            return
        for one in loaded:
            state = "" if one["works"] else "  EXPIRED"
            self.stdout.write(f"{one['door']:<6}{one['entity_id']:<60}{str(one['good_until'])[:10]}{state}")
        self.stdout.write(f"{len(loaded)} loaded.")

    def _check(self, doors: list[Door], options: dict[str, Any], now: datetime) -> None:
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


def _loaded(door: Door, now: datetime) -> list[dict[str, Any]]:
    if isinstance(door, oidc.CieOpenId):
        return [_row(door, each.subject, each.subject, each.good_until, True) for each in [door.chain(now)] if each]
    return [
        _row(door, each.entity_id, each.name, good_until(each), registry.works(each, now))
        | {"certificates": len(each.certificates)}
        for each in door.identity_providers()
    ]


def _row(door: Door, entity_id: str, name: str, end: datetime, works: bool) -> dict[str, Any]:
    return {"door": door.key, "entity_id": entity_id, "name": name, "good_until": end.isoformat(), "works": works}


def _taken(way_in: Door, options: dict[str, Any], now: datetime) -> Taken:
    if isinstance(way_in, oidc.CieOpenId):
        if options["file"] or options["drop"]:
            raise CommandError("A chain of trust is fetched: --file and --drop are for SAML.")
        return way_in.refresh(now)
    door = way_in.key
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
