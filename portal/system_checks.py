"""System checks: no stub in production, no web service in test mode beside real identity providers, no pooler that the settings do
not suit.
"""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004  Django's name
from django.db import DEFAULT_DB_ALIAS, connections

from portal.database import pooler
from portal.database.pooler import PoolerFindings

WITH_TEST_ENVIRONMENTS = [
    "portal.identity.providers.saml.Spid", "portal.identity.providers.saml.CieSaml", "portal.identity.providers.oidc.CieOpenId",
]  # fmt: skip


@register()
def no_stand_ins_in_production(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """docs/architecture.md, rule 6: the demonstration's plugins never run in production."""
    if settings.DEMO or settings.COLLAUDO:
        return []
    found = [
        name for name in [*settings.IDENTITY_PROVIDERS, *settings.INSTALLED_APPS] if name.startswith("portal.demo")
    ]
    return [
        Error(f"{name} belongs to the demonstration and cannot run in production.", id="portal.E001") for name in found
    ]


@register()
def no_test_mode_beside_real_people(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """portal.E002: in TEST the reply holds the id, and two public passwords are accepted (docs/contract.md, sections 3, 7, 8).

    A test environment answers in TEST only (E010). Beside the stubs it may have providers of SPID and CIE, which then admit their test
    environments alone (portal/identity/providers/saml/real.py); a card always belongs to a real person.
    """
    if settings.A2F_MODE != "TEST":
        return [Error("PORTAL_MODE=test needs A2F_MODE=TEST.", id="portal.E010")] if settings.COLLAUDO else []
    real = [name for name in settings.IDENTITY_PROVIDERS if not name.startswith("portal.demo")]
    if settings.COLLAUDO:
        real = [name for name in real if name not in WITH_TEST_ENVIRONMENTS]
    if (settings.DEMO or settings.COLLAUDO) and not real:
        return []
    beside = real[0] if real else f"PORTAL_MODE={settings.PORTAL_MODE}"
    return [Error(f"A2F_MODE=TEST cannot run together with {beside}.", id="portal.E002")]


@register(Tags.database)
def pooler_suits_the_settings(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """portal.E008, E009, W001 for `check --database default` and `migrate`: opens connections (portal/database/pooler.py)."""
    return about_the_pooler(pooler.look()) if DEFAULT_DB_ALIAS in (databases or []) else []


def about_the_pooler(found: PoolerFindings | None) -> list[CheckMessage]:
    """The change that the pooler, its role or DATABASE_PREPARE needs (docs/production.md, "PgBouncer")."""
    if found is None:
        return []
    prepares = connections[DEFAULT_DB_ALIAS].settings_dict["OPTIONS"].get("prepare_threshold") is not None
    if prepares and found.shares and not (found.keeps_prepared and found.takes_options):
        message = "The pooler of DATABASE_URL gives each transaction another connection and does not pass on"
        lost = "the options of a connection" if found.keeps_prepared else "prepared statements"
        return [Error(f"{message} {lost}: set DATABASE_PREPARE=0.", id="portal.E008")]
    if prepares and not found.takes_options:
        message = "The pooler of DATABASE_URL refuses the options of a connection, which carry the timeouts."
        return [Error(message, hint="PgBouncer: ignore_startup_parameters = options", id="portal.E009")]
    if found.shares and not found.has_bound:
        message = "Behind this pooler the timeouts of the settings do not hold, and the database role has none."
        return [Warning(message, hint="alter role ... set statement_timeout, set lock_timeout", id="portal.W001")]
    return []
