"""The signed assertion: given for live ids only, accepted by a SAC that verifies with xmlsec1 and the OASIS schema."""

import base64
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from django.core.cache import cache
from lxml import etree

from pharmacies.models import Utenza
from portal.identity.providers.saml.keys import made_once
from portal.journal.models import Entry
from portal.secrets.sealing import unseal
from sessions.gate import assertion, system_checks
from sessions.ids import issuing, revoking
from sessions.models import Context
from tests.programs import skipped_without
from tests.sessions.conftest import MORNING
from tests.sessions.gate.gate_door import UNKNOWN, basic
from tests.sessions.gate.toy_sac import NAMES, SacRefused, ToySac, sar_envelope

pytestmark = [
    pytest.mark.django_db,
    skipped_without(shutil.which("xmlsec1") is not None, "no xmlsec1 (Debian: apt install xmlsec1)"),
]
DEM = "contesto=RICETTA-DEM&applicazione=EROGATORE"


@pytest.fixture(scope="module")
def pems(tmp_path_factory) -> dict[str, tuple[str, str]]:
    """Two key pairs in PEM, key and certificate."""
    folder = tmp_path_factory.mktemp("sar")
    found = {}
    for name in ("sar", "other"):
        made_once(folder, name)
        text = (folder / f"{name}.pem").read_text(encoding="ascii")
        key, _, certificate = text.partition("-----BEGIN CERTIFICATE-----")
        found[name] = key, f"-----BEGIN CERTIFICATE-----{certificate}"
    return found


@pytest.fixture(autouse=True)
def _morning_and_nothing_kept(time_machine):
    time_machine.move_to(MORNING, tick=False)
    assertion.forget()
    cache.clear()
    yield
    assertion.forget()
    cache.clear()


@pytest.fixture
def sar(settings, pems) -> None:
    settings.SAR_PRIVATE_KEY, settings.SAR_CERTIFICATE = pems["sar"]
    settings.SAR_ISSUER = "120"


@pytest.fixture
def sac(pems, tmp_path: Path) -> ToySac:
    return ToySac(pems["sar"][1], tmp_path)


@pytest.fixture
def plain(utenza, certified, context) -> str:
    return issuing.issue(utenza, context, MORNING).plain


def call(client, plain: str | None, authorization: str = basic(), address: str = "/a2f/assertion", query: str = DEM):
    headers = {"Authorization": authorization}
    if plain is not None:
        headers["Authorization2F"] = f"Bearer {plain}"
    return client.get(f"{address}?{query}", headers=headers)


def test_without_a_key_the_address_answers_404(client, plain):
    assert call(client, plain).status_code == 404
    assert "X-A2F-Assertion" not in call(client, plain, address="/a2f/gate").headers


@pytest.mark.usefixtures("sar")
def test_the_central_system_accepts_what_the_region_puts_into_its_header(client, plain, sac):
    answer = call(client, plain)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/samlassertion+xml")
    assert answer.headers["Cache-Control"] == "no-store"
    assert sac.verify(sar_envelope(answer.content), MORNING) == "RSSNNA80A41H501L"


@pytest.mark.usefixtures("sar")
def test_it_says_who_how_when_and_for_whom(client, plain):
    root = etree.fromstring(call(client, plain).content)
    values = {
        one.get("Name"): one.findtext("saml:AttributeValue", namespaces=NAMES) for one in root.iter("{*}Attribute")
    }
    assert values == {
        "urn:oasis:names:tc:xacml:1.0:subject:subject-id": "RSSNNA80A41H501L",
        "urn:oasis:names:tc:xspa:1.0:resource:org:hoursofoperation:start": "2026-11-23T08:58:00",
        "urn:oasis:names:tc:xspa:1.0:subject:organization-id": "120",
    }
    assert {one.get("NameFormat") for one in root.iter("{*}Attribute")} == {
        "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
    }
    assert root.findtext("saml:Issuer", namespaces=NAMES) == "120"
    statement = root.find("saml:AuthnStatement", NAMES)
    assert statement.get("AuthnInstant") == "2026-11-23T07:58:00.000Z"
    references = [leaf.text for leaf in statement.find("saml:AuthnContext", NAMES)]
    assert references == [
        "urn:oasis:names:tc:SAML:2.0:ac:classes:iso-iec-29115-LoA3", "urn:oasis:names:tc:SAML:2.0:ac:classes:genericLoA3",
    ]  # fmt: skip
    conditions = root.find("saml:Conditions", NAMES)
    assert (conditions.get("NotBefore"), conditions.get("NotOnOrAfter")) == (
        "2026-11-23T07:57:00.000Z", "2026-11-23T08:28:00.000Z",
    )  # fmt: skip
    text = etree.tostring(root).decode()
    assert 'PrefixList="xsd"' in text
    assert "rsa-sha256" in text
    assert "sha1" not in text
    assert 'xsi:type="xsd:dateTime"' in text


@pytest.mark.usefixtures("sar")
def test_nobody_gets_one_without_a_live_id_of_ones_own(client, plain, utenza, context, anna):
    Context.objects.filter(pk=context.pk).update(
        mandatory_from=MORNING + timedelta(days=1)
    )  # the gate would let these pass with a warning
    dead = issuing.issue(utenza, context, MORNING)
    revoking.revoke(dead.id_sessione, anna, MORNING)
    for shown, reason in ((None, "missing"), (UNKNOWN, "unknown"), (dead.plain, "revoked")):
        answer = call(client, shown)
        assert (answer.status_code, answer.headers["X-A2F-Error"], answer.headers["X-A2F-Reason"]) == (
            403,
            "9101",
            reason,
        )
        assert answer.content == b""
    assert call(client, None, address="/a2f/gate").headers["X-A2F-Warning"] == "9101"
    assert "X-A2F-Assertion" not in call(client, None, address="/a2f/gate").headers


@pytest.mark.usefixtures("sar")
def test_a_wrong_password_and_an_id_of_another_get_none(client, plain):
    assert call(client, plain, basic(password="sbagliata")).status_code == 401
    assert call(client, plain, basic("UVALTRA1")).headers["X-A2F-Reason"] == "other-utenza"
    assert call(client, plain, query="contesto=RICETTA-BIANCA&applicazione=EROGATORE").status_code == 403


@pytest.mark.usefixtures("sar")
def test_the_central_system_refuses_what_was_changed_is_old_or_signed_by_another(client, plain, sac, pems, settings):
    given = call(client, plain).content
    for wrong in (
        given.replace(b"RSSNNA80A41H501L", b"VRDBRN75B12F205N"),
        given.replace(b"08:28", b"23:28"),
        given.replace(b"LoA3", b"LoA4"),
    ):
        with pytest.raises(SacRefused, match="signature"):
            sac.verify(sar_envelope(wrong), MORNING)
    with pytest.raises(SacRefused, match="time"):
        sac.verify(sar_envelope(given), MORNING + timedelta(minutes=30))
    settings.SAR_PRIVATE_KEY, settings.SAR_CERTIFICATE = pems["other"]
    with pytest.raises(SacRefused, match="signature"):
        sac.verify(sar_envelope(call(client, plain).content), MORNING)


@pytest.mark.usefixtures("sar")
def test_what_a_revoked_id_still_opens_until_the_end_of_its_assertion(client, utenza, context, certified, anna, sac):
    """docs/contract.md, 7a: the SAC cannot know of the revocation, so the assertion is short."""
    issued = issuing.issue(utenza, context, MORNING)
    given = call(client, issued.plain).content
    revoking.revoke(issued.id_sessione, anna, MORNING)
    assert call(client, issued.plain).status_code == 403
    assert sac.verify(sar_envelope(given), MORNING + timedelta(minutes=29)) == "RSSNNA80A41H501L"
    with pytest.raises(SacRefused, match="time"):
        sac.verify(sar_envelope(given), MORNING + timedelta(minutes=30))


@pytest.mark.usefixtures("sar")
def test_it_is_signed_once_and_anew_when_a_third_of_its_time_is_left(client, plain, time_machine):
    first = call(client, plain).content
    time_machine.move_to(MORNING + timedelta(minutes=19, seconds=59), tick=False)
    assert call(client, plain).content == first
    assertion.forget()  # another process finds it in the shared cache
    assert call(client, plain).content == first
    time_machine.move_to(MORNING + timedelta(minutes=20), tick=False)
    second = call(client, plain).content
    assert second != first
    assert etree.fromstring(second).get("ID") != etree.fromstring(first).get("ID")


@pytest.mark.usefixtures("sar")
def test_it_never_outlives_its_id_and_is_not_signed_at_each_call_of_the_last_minutes(client, plain, time_machine):
    time_machine.move_to(MORNING + timedelta(hours=15, minutes=50), tick=False)
    first = call(client, plain).content
    assert etree.fromstring(first).find("saml:Conditions", NAMES).get("NotOnOrAfter") == "2026-11-23T23:58:00.000Z"
    time_machine.move_to(MORNING + timedelta(hours=15, minutes=59, seconds=59), tick=False)
    assert call(client, plain).content == first


@pytest.mark.usefixtures("sar")
def test_it_is_sealed_in_the_cache_and_its_text_is_in_no_journal(client, plain, settings):
    given = call(client, plain).content
    (key,) = assertion._kept
    sealed = cache.get(assertion._name(key))
    assert b"RSSNNA" not in sealed
    assert unseal(sealed).endswith(given)
    lines = Entry.objects.filter(verb="assertion.made")
    assert lines.count() == 1
    assert "RSSNNA" not in str(lines.get().detail)
    assert "Assertion" not in str(lines.get().detail)


@pytest.mark.usefixtures("sar")
def test_the_journal_has_one_line_for_an_id_and_an_hour(client, plain, time_machine):
    for minutes in (0, 1, 21, 42, 61):
        time_machine.move_to(MORNING.replace(minute=0) + timedelta(minutes=minutes), tick=False)
        if minutes:
            call(client, plain)
    assert Entry.objects.filter(verb="assertion.made").count() <= 2


@pytest.mark.usefixtures("sar")
def test_the_gate_gives_it_when_the_context_says_so(client, plain, context, sac, django_assert_num_queries):
    assert "X-A2F-Assertion" not in call(client, plain, address="/a2f/gate").headers
    Context.objects.filter(pk=context.pk).update(gives_assertion=True, assertion_means="SpidL3")
    assertion.forget()
    header = call(client, plain, address="/a2f/gate").headers["X-A2F-Assertion"]
    assert len(header) < 8000
    assert "\n" not in header
    xml = base64.b64decode(header)
    assert sac.verify(sar_envelope(xml), MORNING) == "RSSNNA80A41H501L"
    assert b"iso-iec-29115-LoA4" in xml
    assert b"SpidL3" in xml
    with django_assert_num_queries(1):
        assert call(client, plain, address="/a2f/gate").headers["X-A2F-Assertion"] == header


@pytest.mark.usefixtures("sar")
def test_an_utenza_blocked_meanwhile_gets_none_from_the_cache(client, plain):
    assert call(client, plain).status_code == 200
    Utenza.objects.update(blocked_at=MORNING)
    assert call(client, plain).status_code == 403


def test_several_certificates_may_stand_there_during_a_rotation(client, plain, sac, settings, pems):
    settings.SAR_PRIVATE_KEY, settings.SAR_ISSUER = pems["sar"][0], "120"
    settings.SAR_CERTIFICATE = pems["other"][1] + "\n" + pems["sar"][1]
    assert system_checks.assertions_can_be_signed(None) == []
    assert sac.verify(sar_envelope(call(client, plain).content), MORNING) == "RSSNNA80A41H501L"


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({}, []),
        ({"SAR_PRIVATE_KEY": "", "SAR_CERTIFICATE": "", "SAR_ISSUER": ""}, []),
        ({"SAR_ISSUER": ""}, ["sessions.E011"]),
        ({"SAR_PRIVATE_KEY": "no key"}, ["sessions.E012"]),
    ],
)
@pytest.mark.usefixtures("sar")
def test_the_check_names_what_is_wrong(settings, changed, found):
    for name, value in changed.items():
        setattr(settings, name, value)
    assert [message.id for message in system_checks.assertions_can_be_signed(None)] == found


@pytest.mark.usefixtures("sar")
def test_the_key_of_spid_is_refused_and_a_certificate_that_ends_soon_is_named(settings, pems, time_machine):
    settings.SAML_PRIVATE_KEY, settings.SAML_CERTIFICATE = pems["sar"]
    assert [message.id for message in system_checks.assertions_can_be_signed(None)] == ["sessions.E013"]
    settings.SAML_PRIVATE_KEY = ""
    ends = x509.load_pem_x509_certificate(pems["sar"][1].encode()).not_valid_after_utc
    time_machine.move_to(ends - timedelta(days=60), tick=False)
    assert [message.id for message in system_checks.assertions_can_be_signed(None)] == ["sessions.W011"]
    assert ends == datetime(2050, 1, 1, tzinfo=UTC)
