"""The trust chain is resolved again before it expires; administrators are alerted when that fails."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from portal.identity import system_checks
from portal.identity.models import RegisteredProvider, RegistryReading
from portal.identity.tasks import refresh_identity_providers
from tests.identity.providers.oidc import forge

CONFIGURATION = f"{forge.OP}/.well-known/openid-federation"


def run(capsys, *argv: str) -> tuple[int, object]:
    capsys.readouterr()
    try:
        call_command("identity_providers", *argv, "--door", "cie", "--json")
        code = 0
    except SystemExit as stopped:
        code = int(str(stopped.code))
    return code, json.loads(capsys.readouterr().out)


def test_refresh_takes_the_chain_and_list_says_until_when(door_is_real, db, capsys):
    door_is_real.federate()
    code, report = run(capsys, "refresh")
    assert (code, report["cie"]["added"]) == (0, [forge.OP])
    code, report = run(capsys, "refresh")
    assert (code, report["cie"]["changed"]) == (0, [forge.OP])
    code, [listed] = run(capsys, "list")
    assert (listed["entity_id"], listed["works"]) == (forge.OP, True)
    assert run(capsys, "check") == (0, [])
    assert RegisteredProvider.objects.filter(replaced_at=None).count() == 1


def test_what_is_not_taken_leaves_what_was_there_and_is_told(world, capsys):
    world.published[CONFIGURATION] = forge.op_configuration(timezone.now(), signer=forge.ring("mallory"))
    code, report = run(capsys, "refresh")
    assert code == 1
    assert "not as it should be" in report["cie"]["not_taken"]
    assert forge.Cie().chain(timezone.now()) is not None
    code, [alert] = run(capsys, "check")
    assert (code, alert["about"], alert["urgent"]) == (1, "federation", False)


def test_a_federation_that_does_not_answer_is_told(world, capsys):
    world.published.clear()
    code, report = run(capsys, "refresh")
    assert (code, "cannot be read" in report["cie"]["not_taken"]) == (1, True)


def test_another_provider_takes_the_place_of_the_first(world, settings):
    settings.OIDC_PROVIDER = "https://nuova.example"
    now = timezone.now()
    metadata = forge.op_metadata(issuer="https://nuova.example")
    world.published |= {
        "https://nuova.example/.well-known/openid-federation": forge.statement(
            "https://nuova.example", "https://nuova.example", forge.ring("nuova"), forge.ring("nuova"), now,
            authority_hints=[forge.ANCHOR], metadata={"openid_provider": metadata},
        ),
        f"{forge.ANCHOR}/fetch?sub=https://nuova.example": forge.about_op(
            now, sub="https://nuova.example", listed=forge.ring("nuova")
        ),
    }  # fmt: skip
    assert forge.Cie().refresh(now).removed == [forge.OP]


def test_a_chain_is_fetched_and_has_no_file(door_is_real, db, tmp_path):
    with pytest.raises(CommandError, match="for SAML"):
        call_command("identity_providers", "refresh", "--door", "cie", "--file", str(tmp_path))


def test_the_timetable_follows_the_chain_again_after_half_of_its_life(world):
    now = timezone.now()
    for later, readings in ((timedelta(hours=23), 1), (timedelta(hours=25), 2)):
        with time_machine.travel(now + later, tick=False):
            world.federate(now + later)
            refresh_identity_providers()
        assert RegistryReading.objects.count() == readings


def test_the_timetable_survives_a_federation_that_is_away(door_is_real, db, caplog):
    refresh_identity_providers()
    assert "not taken" in caplog.text
    assert RegistryReading.objects.get().refused_because


def test_a_chain_that_is_over_is_urgent_and_readyz_warns(world, capsys):
    with time_machine.travel(timezone.now() + timedelta(days=3), tick=False):
        code, [alert] = run(capsys, "check")
        assert (code, alert["urgent"], "nobody can sign in" in alert["words"]) == (1, True, True)
        assert any("nobody can sign in" in warning for warning in Client().get("/readyz").json()["warnings"])


def test_a_trust_mark_that_ends_is_told_a_month_before(world, settings, capsys):
    end = timezone.now() + timedelta(days=20)
    claims = {"id": "https://federazione.example/rp", "exp": int(end.timestamp())}
    settings.OIDC_TRUST_MARKS = forge.jose.signed(claims, forge.ring("federazione").first)
    code, [alert] = run(capsys, "check")
    assert (code, alert["about"]) == (1, "our trust mark")


def test_without_our_keys_the_check_says_which_is_missing(world, settings, capsys):
    settings.OIDC_SIGNING_KEYS = ""
    _, [alert] = run(capsys, "check")
    assert alert["urgent"]
    assert "OIDC_SIGNING_KEYS" in alert["words"]


# --- configurations that production refuses


@pytest.fixture
def production(door_is_real, settings):
    settings.DEMO = False
    return settings


def problems() -> list[str]:
    found = system_checks.only_real_identity_providers_in_production(None) + system_checks.one_door_of_each_name(None)
    return [f"{fault.id} {fault.msg}" for fault in found if "SAML" not in fault.msg]


def test_a_deployment_in_good_order_starts(production):
    assert problems() == []


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("OIDC_TRUST_ANCHOR", "http://federazione.example", "portal.E004 OIDC_TRUST_ANCHOR"),
        ("OIDC_TRUST_ANCHOR", "https://localhost:8000/prova", "portal.E004 OIDC_TRUST_ANCHOR"),
        ("OIDC_TRUST_ANCHOR", "https://127.0.0.1", "portal.E004 OIDC_TRUST_ANCHOR"),
        ("OIDC_TRUST_ANCHOR", "https://[", "portal.E004 OIDC_TRUST_ANCHOR"),
        ("OIDC_TRUST_ANCHOR", "", "portal.E003 OIDC_TRUST_ANCHOR"),
        ("OIDC_TRUST_ANCHOR_KEYS", "", "portal.E003 OIDC_TRUST_ANCHOR"),
        ("OIDC_TRUST_ANCHOR_KEYS", '{"keys": [7]}', "portal.E003 OIDC_TRUST_ANCHOR"),
        ("OIDC_PROVIDER", "", "portal.E004 OIDC_PROVIDER"),
        ("OIDC_PROVIDER", "https://preproduzione.oidc.idserver.servizicie.interno.gov.it", "portal.E004 OIDC_PROVIDER is a test"),
        ("OIDC_TRUST_ANCHOR", "https://preproduzione.oidc.registry.servizicie.interno.gov.it", "portal.E004 OIDC_TRUST_ANCHOR"),
        ("OIDC_FEDERATION_KEYS", "", "portal.E003 OIDC_FEDERATION_KEYS"),
        ("OIDC_SIGNING_KEYS", "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----", "portal.E003 OIDC_SIGNING_KEYS"),
        ("OIDC_TRUST_MARKS", "x.y.z", "portal.E003 OIDC_TRUST_MARKS"),
    ],
)  # fmt: skip
def test_a_deployment_that_lacks_something_does_not(production, name, value, problem):
    setattr(production, name, value)
    [found] = problems()
    assert found.startswith(problem)


def test_the_real_names_start_and_a_test_environment_that_is_let_in_does_too(production):
    production.OIDC_PROVIDER = "https://oidc.idserver.servizicie.interno.gov.it"
    production.OIDC_TRUST_ANCHOR = "https://oidc.registry.servizicie.interno.gov.it"
    assert problems() == []
    production.OIDC_PROVIDER = "https://preproduzione.oidc.idserver.servizicie.interno.gov.it"
    production.IDENTITY_TEST_HOSTS = ["preproduzione.oidc.idserver.servizicie.interno.gov.it"]
    assert problems() == []


def test_one_key_for_two_purposes_does_not(production):
    production.OIDC_ENCRYPTION_KEYS = production.OIDC_SIGNING_KEYS
    assert "must all differ" in problems()[0]


def test_a_small_key_does_not(production):
    production.OIDC_SIGNING_KEYS = forge.pem("piccola", 1024)
    assert "2048 bits" in problems()[0]


def test_two_doors_for_cie_do_not(production):
    production.IDENTITY_PROVIDERS = [
        "portal.identity.providers.saml.CieSaml",
        "portal.identity.providers.oidc.CieOpenId",
    ]
    assert any(problem.startswith("portal.E007") for problem in problems())
