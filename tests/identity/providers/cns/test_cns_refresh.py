"""`cns_trust refresh` and `cns_crl refresh`: nginx's files are replaced only by valid newer ones."""

import base64
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import time_machine
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.management import CommandError, call_command
from django.test import Client
from lxml import etree
from signxml.algorithms import CanonicalizationMethod
from signxml.signer import XMLSigner

from portal.identity.providers.cns import trust_list
from portal.identity.providers.cns.trust_list import TSL
from tests.identity.providers.cns.authority import Authority, key, pem

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LIST, STRANGER = Authority("Chi firma la lista", NOON), Authority("Uno sconosciuto", NOON)
ONE, TWO = Authority("Regione Uno", NOON), Authority("Regione Due", NOON)
SERVICE = """
<TSPService><ServiceInformation>
  <ServiceTypeIdentifier>http://uri.etsi.org/TrstSvc/Svctype/{kind}</ServiceTypeIdentifier>
  <ServiceDigitalIdentity><DigitalId><X509Certificate>{certificate}</X509Certificate></DigitalId></ServiceDigitalIdentity>
  <ServiceStatus>http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/{status}</ServiceStatus>
  <StatusStartingTime>2016-07-01T00:00:00Z</StatusStartingTime>
</ServiceInformation></TSPService>"""


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.CNS_FOLDER = tmp_path / "cns"
    settings.CNS_FOLDER.mkdir()
    settings.CNS_TRUST_LIST = str(tmp_path / "TSL-IT.xml")
    settings.CNS_TRUST_LIST_SIGNERS = pem(LIST.certificate).decode()
    settings.CNS_REVOCATION_LISTS = [str(tmp_path / "one.crl"), str(tmp_path / "two.crl")]
    with time_machine.travel(NOON, tick=False):
        yield settings.CNS_FOLDER


def service(authority: Authority, kind: str = "IdV", status: str = "recognisedatnationallevel") -> str:
    certificate = base64.b64encode(authority.certificate.public_bytes(Encoding.DER)).decode()
    return SERVICE.format(kind=kind, status=status, certificate=certificate)


def publish(
    settings,
    *services: str,
    number: int = 7,
    until: str = "2027-01-01T00:00:00Z",
    signer=LIST,
    change=("", ""),
    covers=("#lista",),
):
    """Publishes a list signed with our test key in AgID's place; `change` is applied after the signature."""
    text = f"""<TrustServiceStatusList xmlns="{TSL}" Id="lista">
      <SchemeInformation Id="informazioni"><TSLSequenceNumber>{number}</TSLSequenceNumber>
        <NextUpdate><dateTime>{until}</dateTime></NextUpdate></SchemeInformation>
      <TrustServiceProviderList><TrustServiceProvider><TSPServices>{"".join(services)}</TSPServices>
      </TrustServiceProvider></TrustServiceProviderList></TrustServiceStatusList>"""
    body = etree.tostring(etree.fromstring(text))
    if signer is not None:
        signing = XMLSigner(c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0)
        signed = signing.sign(
            etree.fromstring(body),
            key=key(signer.name),
            cert=pem(signer.certificate).decode(),
            reference_uri=list(covers),
            id_attribute="Id",
        )
        body = etree.tostring(signed)
    assert change[0].encode() in body
    with open(settings.CNS_TRUST_LIST, "wb") as file:
        file.write(body.replace(change[0].encode(), change[1].encode()))


def refresh(command: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command(command, "refresh", stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def authorities(folder) -> list[str]:
    found = x509.load_pem_x509_certificates((folder / "ca.pem").read_bytes())
    return [certificate.subject.rfc4514_string().removeprefix("CN=") for certificate in found]


def test_the_authorities_of_the_list_that_issue_cards_are_written(settings, folder):
    publish(
        settings, service(ONE), service(TWO, status="granted"), service(ONE),
        service(LIST, kind="CA/QC"), service(STRANGER, status="withdrawn"),
    )  # fmt: skip
    said, _ = refresh("cns_trust")
    assert authorities(folder) == ["Regione Uno", "Regione Due"]
    assert "2 authorities from list 7" in said
    assert "nginx -s reload" in said


def test_a_signature_may_cover_more_than_the_list(settings, folder):
    """XAdES signs properties of its own beside the list."""
    publish(settings, service(ONE), covers=["#informazioni", "#lista"])
    refresh("cns_trust")
    assert authorities(folder) == ["Regione Uno"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"signer": None},
        {"signer": STRANGER},
        {"covers": ["#informazioni"]},
        {"change": ("recognisedatnationallevel", "granted")},
        {"number": 6},
        {"until": "2026-11-23T12:00:00Z"},
        {"until": "mai"},
    ],
    ids=["unsigned", "stranger", "signed in part", "changed", "older", "out of date", "no date"],
)
def test_a_list_that_cannot_be_believed_changes_nothing(settings, folder, wrong):
    publish(settings, service(ONE))
    refresh("cns_trust")
    before = (folder / "ca.pem").read_bytes()
    publish(settings, service(TWO), **{"number": 8, **wrong})
    with pytest.raises(CommandError, match="is unchanged"):
        refresh("cns_trust")
    assert (folder / "ca.pem").read_bytes() == before
    assert [file.name for file in folder.iterdir()] == ["ca.pem"]


@pytest.mark.parametrize("body", [b"", b"<a/>", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b"\xff"])
def test_what_is_no_list_changes_nothing(settings, folder, body):
    publish(settings, service(ONE))
    refresh("cns_trust")
    with open(settings.CNS_TRUST_LIST, "wb") as file:
        file.write(body)
    with pytest.raises(CommandError):
        refresh("cns_trust")
    assert authorities(folder) == ["Regione Uno"]


def test_a_list_without_authorities_leaves_those_that_were_there(settings, folder):
    publish(settings, service(ONE))
    refresh("cns_trust")
    publish(settings, number=8)
    with pytest.raises(CommandError, match="no authority"):
        refresh("cns_trust")
    assert authorities(folder) == ["Regione Uno"]


def test_without_a_pinned_signer_no_list_is_believed(settings):
    settings.CNS_TRUST_LIST_SIGNERS = ""
    publish(settings, service(ONE))
    with pytest.raises(CommandError, match="CNS_TRUST_LIST_SIGNERS"):
        refresh("cns_trust")


def test_a_list_that_cannot_be_fetched_is_a_sentence():
    with pytest.raises(CommandError, match="cannot be read"):
        refresh("cns_trust")


def test_the_end_of_the_list_is_kept_beside_the_authorities(settings, folder):
    publish(settings, service(ONE), until="2026-12-01T00:00:00Z")
    refresh("cns_trust")
    assert trust_list.next_update_of((folder / "ca.pem").read_bytes()) == datetime(2026, 12, 1, tzinfo=UTC)


# --- the revoked cards


@pytest.fixture
def revoked(folder, tmp_path):
    """Two authorities with a list each: one card of the first is revoked."""
    (folder / "ca.pem").write_bytes(pem(ONE.certificate, TWO.certificate))
    (tmp_path / "one.crl").write_bytes(pem(ONE.revoking(100)))
    (tmp_path / "two.crl").write_bytes(TWO.revoking().public_bytes(Encoding.DER))
    return tmp_path


def count(folder) -> dict[str, int]:
    parts = (folder / "crl.pem").read_bytes().split(b"-----END X509 CRL-----\n")[:-1]
    lists = [x509.load_pem_x509_crl(part + b"-----END X509 CRL-----\n") for part in parts]
    return {crl.issuer.rfc4514_string().removeprefix("CN="): len(crl) for crl in lists}


def test_the_lists_of_every_authority_are_gathered(folder, revoked):
    said, complaints = refresh("cns_crl")
    assert count(folder) == {"Regione Uno": 1, "Regione Due": 0}
    assert "nginx -s reload" in said
    assert complaints == ""


@pytest.mark.parametrize(
    "bad",
    [
        ONE.revoking(at=timedelta(hours=-2)),
        ONE.revoking(until=timedelta(0)),
        ONE.revoking(at=timedelta(minutes=1)),
        ONE.revoking(signed_by=TWO.name),
        STRANGER.revoking(),
    ],
    ids=["older", "out of date", "of tomorrow", "signed by another", "of a stranger"],
)
def test_a_list_that_fails_leaves_the_older_one_and_the_others_go_on(folder, revoked, bad):
    refresh("cns_crl")
    (revoked / "one.crl").write_bytes(pem(bad))
    (revoked / "two.crl").write_bytes(pem(TWO.revoking(5, 6, at=timedelta(0))))
    with pytest.raises(CommandError, match="1 lists failed"):
        refresh("cns_crl")
    assert count(folder) == {"Regione Uno": 1, "Regione Due": 2}


def test_an_authority_without_a_list_is_named(folder, revoked, settings):
    settings.CNS_REVOCATION_LISTS = settings.CNS_REVOCATION_LISTS[:1]
    assert "Regione Due: nginx refuses its cards" in refresh("cns_crl")[1]


def test_a_list_that_is_over_is_named(folder, revoked):
    refresh("cns_crl")
    with time_machine.travel(NOON + timedelta(days=400), tick=False):
        out, complaints = StringIO(), StringIO()
        with pytest.raises(CommandError, match="2 lists failed"):
            call_command("cns_crl", "refresh", stdout=out, stderr=complaints)
    assert "the list of CN=Regione Uno is over" in complaints.getvalue()


# --- alerts to administrators


def warnings(at: datetime) -> list[str]:
    with time_machine.travel(at, tick=False):
        return [warning for warning in Client().get("/readyz").json()["warnings"] if warning.startswith("ts-cns")]


@pytest.fixture
def cards(settings, folder, revoked) -> None:
    """The cards' host with all its settings."""
    settings.IDENTITY_PROVIDERS = ["portal.identity.providers.cns.TsCns"]
    publish(settings, service(ONE), service(TWO))
    refresh("cns_trust")
    (revoked / "two.crl").write_bytes(pem(TWO.revoking(until=timedelta(days=90))))
    refresh("cns_crl")


@pytest.mark.django_db
def test_readyz_warns_before_nginx_refuses_cards_and_when_it_does(cards, folder):
    one = x509.load_pem_x509_crl((folder / "crl.pem").read_bytes()).next_update_utc
    assert warnings(one - timedelta(hours=3)) == []
    assert len(warnings(one - timedelta(hours=1))) == 1
    [said] = warnings(one)
    assert said.startswith("ts-cns: CN=Regione Uno: its list of revoked cards ended")


@pytest.mark.django_db
def test_readyz_warns_of_a_trust_list_that_ends_and_of_files_that_are_not_there(cards, folder, settings):
    settings.CNS_REVOCATION_LISTS = []
    assert any("trust list" in warning for warning in warnings(datetime(2026, 12, 26, tzinfo=UTC)))
    (folder / "crl.pem").unlink()
    assert warnings(NOON) == ["ts-cns: ca.pem and crl.pem: cannot be read: nobody can sign in with a card"]


@pytest.mark.django_db
def test_nobody_is_told_of_cards_where_none_are_shown(folder):
    assert warnings(NOON) == []


def test_two_authorities_of_one_name_keep_a_list_each(folder, revoked):
    """For instance after an authority renewed its key: cards under the old key stay valid."""
    old, new = ONE, Authority("Regione Uno", NOON, key_name="Regione Uno, chiave nuova")
    (folder / "ca.pem").write_bytes(pem(old.certificate, new.certificate))
    (revoked / "one.crl").write_bytes(pem(old.revoking(7)))
    (revoked / "two.crl").write_bytes(pem(new.revoking(8, 9)))
    said, complaints = refresh("cns_crl")
    assert "2 lists" in said
    assert complaints == ""
    assert refresh("cns_crl") == ("", "")
