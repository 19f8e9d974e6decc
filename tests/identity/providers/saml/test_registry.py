"""The registry of identity providers: accepted when signed, applied unless a provider in use would be lost."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import httpx
import pytest
import time_machine
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.management import call_command
from django.test import Client
from lxml import etree

from portal.identity.models import RegisteredProvider, RegistryReading
from portal.identity.providers import every_alert
from portal.identity.providers.saml import registry
from portal.identity.providers.saml.names import METADATA, md
from portal.identity.providers.saml.signing import sign
from portal.identity.providers.upkeep import NotTaken, Taken
from portal.identity.tasks import refresh_identity_providers
from tests.identity.providers.saml import forge
from tests.parallel import in_parallel

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
AGID = forge.pair("registro")
YEARS = timedelta(days=3650)


def one(name: str, good_for: timedelta = YEARS, host: str = "") -> bytes:
    pair = forge.pair(name, good_for)
    return forge.metadata(f"https://{host or name + '.example'}", [pair.certificate])


def registry_of(*members: bytes, **attributes: str) -> etree._Element:
    root = etree.Element(md("EntitiesDescriptor"), ID="_registro", nsmap={"md": METADATA}, **attributes)
    root.extend([etree.fromstring(member) for member in members])
    return root


def signed(*members: bytes, by=AGID, **attributes: str) -> bytes:
    return etree.tostring(sign(registry_of(*members, **attributes), by))


def take(body: bytes, now: datetime = NOW, **options) -> Taken:
    return registry.take("spid", body, now, **({"certificates": (AGID.certificate,)} | options))


def loaded() -> list[str]:
    return list(RegisteredProvider.objects.current("spid").values_list("entity_id", flat=True))


@pytest.fixture
def alfa_and_beta() -> None:
    take(signed(one("alfa"), one("beta")))


@pytest.fixture
def registry_is_named(settings) -> None:
    pem = AGID.certificate.public_bytes(Encoding.PEM).decode()
    settings.IDENTITY_REGISTRIES = {"spid": ("https://registro.example/tutti.xml", pem)}


# --- accepted


def test_the_signed_registry_brings_its_providers_to_the_chooser(client, alfa_and_beta) -> None:
    page = client.get("/accesso/").content.decode()
    assert 'value="https://alfa.example"' in page
    assert 'value="https://beta.example"' in page


def test_a_person_comes_in_with_a_provider_of_the_registry(client, alfa_and_beta) -> None:
    captured = forge.ask(client, forge.Registered("https://alfa.example", forge.pair("alfa", YEARS)))
    captured.accepted(captured.signed())


def test_the_same_registry_again_changes_nothing(alfa_and_beta) -> None:
    taken = take(signed(one("alfa"), one("beta")))
    assert (taken.added, taken.changed, taken.removed, len(taken.unchanged)) == ([], [], [], 2)
    assert RegisteredProvider.objects.count() == 2


def test_a_provider_that_changes_its_certificate_keeps_what_it_had_on_record(alfa_and_beta) -> None:
    old = forge.pair("alfa", YEARS).certificate
    both = forge.metadata("https://alfa.example", [old, forge.pair("alfa-nuova").certificate])
    assert take(signed(both, one("beta"))).changed == ["https://alfa.example"]
    assert RegisteredProvider.objects.filter(entity_id="https://alfa.example").count() == 2
    assert loaded() == ["https://alfa.example", "https://beta.example"]


def test_a_provider_that_nobody_can_use_is_left_out_and_told(db) -> None:
    taken = take(signed(one("alfa"), one("scaduta", timedelta(days=30))))
    assert taken.left_out == {"https://scaduta.example": "no certificate of it is valid today"}
    assert loaded() == ["https://alfa.example"]


def test_who_no_longer_works_may_go_by_itself(db) -> None:
    take(signed(one("alfa"), one("vecchia", timedelta(days=2600))), datetime(2026, 1, 1, tzinfo=UTC))
    later = datetime(2027, 6, 1, tzinfo=UTC)
    assert take(signed(one("alfa")), later).removed == ["https://vecchia.example"]


def test_a_provider_may_be_let_go_by_name(alfa_and_beta) -> None:
    assert take(signed(one("alfa")), dropping=("https://beta.example",)).removed == ["https://beta.example"]
    assert loaded() == ["https://alfa.example"]


def test_an_unsigned_document_is_taken_by_the_digest_that_somebody_had_by_another_road(db) -> None:
    body = one("ministero")
    assert take(body, certificates=(), digest=sha256(body).hexdigest()).added == ["https://ministero.example"]


# --- refused, nothing changed


def honest() -> bytes:
    return signed(one("alfa"), one("beta"))


def wrapped() -> bytes:
    root = registry_of(one("mallory"))
    root.insert(0, etree.fromstring(honest()))
    return etree.tostring(root)


SPOILT = {
    "unsigned": lambda: etree.tostring(registry_of(one("alfa"), one("beta"), one("mallory"))),
    "signed by somebody else": lambda: signed(one("alfa"), one("beta"), one("mallory"), by=forge.pair("mallory")),
    "changed after the signature": lambda: honest().replace(b"//beta.example/accedi", b"//mallory.example/accedi"),
    "a signed one inside another": wrapped,
    "without beta": lambda: signed(one("alfa")),
    "beta with an expired certificate": lambda: signed(one("alfa"), one("beta", timedelta(days=30))),
    "an old copy": lambda: signed(one("alfa"), one("beta"), one("mallory"), validUntil="2025-01-01T00:00:00Z"),
    "beta twice": lambda: signed(one("alfa"), one("beta"), one("beta")),
    "empty": signed,
    "not XML": lambda: b"<html>503",
    "a DTD": lambda: b'<!DOCTYPE x [<!ENTITY a "b">]>' + honest(),
    "nothing": lambda: b"",
}


@pytest.mark.parametrize("how", list(SPOILT))
def test_what_cannot_be_believed_or_drops_who_works_changes_nothing(how, alfa_and_beta) -> None:
    with pytest.raises(NotTaken):
        take(SPOILT[how]())
    assert loaded() == ["https://alfa.example", "https://beta.example"]
    assert RegisteredProvider.objects.count() == 2


def test_another_digest_than_the_one_given_is_refused(db) -> None:
    with pytest.raises(NotTaken):
        take(one("ministero"), certificates=(), digest="0" * 64)


@pytest.mark.parametrize("host", ["localhost:8443", "10.1.2.3", "idp"])
def test_in_production_a_provider_on_this_machine_is_left_out(host, settings, db) -> None:
    settings.DEMO = False
    assert list(take(signed(one("alfa"), one("finta", host=host))).left_out) == [f"https://{host}"]


def test_what_the_demonstration_took_is_not_asked_in_production_and_goes_by_itself(settings, client) -> None:
    take(signed(one("alfa"), one("beta"), one("demo", host="demo.spid.gov.it")))
    assert "demo.spid.gov.it" in client.get("/accesso/").content.decode()
    settings.DEMO = False
    page = client.get("/accesso/").content.decode()
    assert "https://alfa.example" in page
    assert "demo.spid.gov.it" not in page
    assert [alert.words[:22] for alert in every_alert(NOW) if "demo.spid" in alert.about] == ["loaded and not let in:"]
    assert take(signed(one("alfa"), one("beta"))).removed == ["https://demo.spid.gov.it"]


# --- download


def answering(*pieces: object) -> httpx.MockTransport:
    return httpx.MockTransport(lambda request: httpx.Response(*pieces[:1], content=b"".join(pieces[1:])))


def test_the_document_is_fetched_over_https() -> None:
    assert registry.fetched("https://registro.example/", answering(200, b"<a/>")) == b"<a/>"


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        ("http://registro.example/", answering(200, b"<a/>")),
        ("https://registro.example/", answering(503)),
        ("https://registro.example/", answering(302)),
        ("https://registro.example/", answering(200, b"x" * (8 * 1024 * 1024 + 1))),
    ],
)
def test_a_registry_in_clear_away_or_endless_is_not_taken(url, answer) -> None:
    with pytest.raises(NotTaken):
        registry.fetched(url, answer)


# --- the command


def run(capsys, *argv: str) -> tuple[int, object]:
    try:
        call_command("identity_providers", *argv, "--json")
        code = 0
    except SystemExit as stopped:
        code = int(str(stopped.code))
    return code, json.loads(capsys.readouterr().out)


def test_a_file_is_taken_and_listed(capsys, tmp_path, registry_is_named, time_machine) -> None:
    time_machine.move_to(NOW)
    file = tmp_path / "registro.xml"
    file.write_bytes(signed(one("alfa")))
    code, report = run(capsys, "refresh", "--door", "spid", "--file", str(file))
    assert (code, report["spid"]["added"]) == (0, ["https://alfa.example"])
    code, listed = run(capsys, "list", "--door", "spid")
    assert (code, [(entity["entity_id"], entity["works"]) for entity in listed]) == (
        0,
        [("https://alfa.example", True)],
    )


def test_what_is_not_taken_is_told_with_an_exit_code_and_written_down(capsys, tmp_path, registry_is_named) -> None:
    file = tmp_path / "registro.xml"
    file.write_bytes(signed(one("alfa"), by=forge.pair("mallory")))
    code, report = run(capsys, "refresh", "--door", "spid", "--file", str(file))
    assert code == 1
    assert "not signed by the registry" in report["spid"]["not_taken"]
    assert "not signed" in RegistryReading.objects.get().refused_because


def test_the_timetable_reads_the_registry_six_hours_after_the_last_time(
    settings, registry_is_named, time_machine
) -> None:
    settings.IDENTITY_REGISTRIES = {"spid": ("http://in.chiaro.example/", settings.IDENTITY_REGISTRIES["spid"][1])}
    time_machine.move_to(NOW, tick=False)
    for hours in (0, 3, 5.9, 6, 6.1):  # a tick every ten minutes, even after restarts
        time_machine.move_to(NOW + timedelta(hours=hours), tick=False)
        refresh_identity_providers()
    assert [reading.at - NOW for reading in RegistryReading.objects.order_by("pk")] == [
        timedelta(0),
        timedelta(hours=6),
    ]


# --- alerts


def test_a_certificate_that_ends_within_a_month_is_told_and_one_with_a_successor_is_not(settings) -> None:
    end = forge.pair("alfa", YEARS).certificate.not_valid_after_utc
    take(signed(one("alfa")), end - timedelta(days=60))
    assert not [alert for alert in every_alert(end - timedelta(days=60)) if "alfa" in alert.about]
    [found] = [alert for alert in every_alert(end - timedelta(days=29)) if "alfa" in alert.about]
    assert (found.urgent, "in 29 days" in found.words) == (False, True)
    [found] = [alert for alert in every_alert(end) if "alfa" in alert.about]
    assert found.urgent
    successor = forge.pair("alfa-nuova", YEARS * 2).certificate
    both = forge.metadata("https://alfa.example", [forge.pair("alfa", YEARS).certificate, successor])
    take(signed(both), end - timedelta(days=29))
    assert not [alert for alert in every_alert(end - timedelta(days=29)) if "alfa" in alert.about]


def test_check_ends_with_an_exit_code_when_there_is_something_to_do(capsys, db) -> None:
    code, report = run(capsys, "check", "--door", "spid")
    assert (code, report[0]["about"], report[0]["urgent"]) == (1, "providers", True)


def test_check_is_content_when_all_is_well(capsys, registry_is_named, tmp_path, time_machine) -> None:
    time_machine.move_to(NOW)
    file = tmp_path / "registro.xml"
    file.write_bytes(signed(one("alfa")))
    run(capsys, "refresh", "--door", "spid", "--file", str(file))
    assert run(capsys, "check", "--door", "spid") == (0, [])
    time_machine.move_to(NOW + timedelta(days=4))
    code, report = run(capsys, "check", "--door", "spid")
    assert (code, report[0]["about"]) == (1, "registry")


def test_readyz_warns_and_stays_well(alfa_and_beta) -> None:
    with time_machine.travel(forge.pair("alfa", YEARS).certificate.not_valid_after_utc - timedelta(days=5), tick=False):
        answer = Client().get("/readyz").json()
    assert any("alfa.example: expires on" in line for line in answer["warnings"])
    assert not any("alfa" in line for line in answer["wrong"])


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_first_load_by_several_workers_at_once_is_one_load():
    body = signed(one("alfa"), one("beta"))
    in_parallel([lambda: take(body)] * 6)
    assert sorted(loaded()) == ["https://alfa.example", "https://beta.example"]
