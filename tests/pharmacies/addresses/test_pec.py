"""PEC addresses: refused when the domain is known, confirmed when it only looks like PEC; operators extend the list."""

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from pharmacies.addresses import pec
from pharmacies.addresses.examination import IsPec, examine
from pharmacies.models import PecDomain
from portal.journal.models import Entry
from tests.pharmacies.addresses.test_addresses import name_server  # noqa: F401  a fixture
from tests.pharmacies.letters import letters
from tests.pharmacies.pages import ask, content, page

PROVIDERS = [
    "pec.it", "arubapec.it", "pec.aruba.it", "postecert.it", "postecertifica.it", "pec.poste.it", "legalmail.it",
    "cert.legalmail.it", "sicurezzapostale.it", "pec.namirial.it", "cert.namirial.it", "registerpec.it", "pec.net", "pec.tim.it",
    "pec.libero.it", "pecveneto.it", "argopec.it", "actaliscertymail.it", "ingpec.eu", "pecimprese.it", "postacert.it.net",
    "pec.intesigroup.com", "consulentidellavoropec.it", "pec1.federfarma.lombardia.it", "twtcert.it", "emarche.it",
    "certsanita.fvg.it", "postacertificata.notariato.it", "namirialpec.it",
]  # fmt: skip


@pytest.mark.parametrize("domain", PROVIDERS)
@pytest.mark.parametrize("under", ["", "farmacie."])
def test_the_domains_of_the_providers_are_refused(domain, under):
    with pytest.raises(IsPec):
        examine(f"farmacia@{under}{domain}", check_mx=False)


def test_every_domain_of_the_list_is_written_as_it_is_compared():
    for domain in pec.shipped():
        assert domain == domain.lower().strip(".")
        assert domain.isascii()
        assert "." in domain


@given(st.sampled_from(sorted(pec.shipped())), st.from_regex("[a-z]{1,8}", fullmatch=True))
def test_a_domain_that_ends_like_one_of_the_list_is_another(domain, before):
    assert not pec.listed(f"{before}{domain}", pec.shipped() - {f"{before}{domain}"})
    assert pec.listed(f"{before}.{domain}", pec.shipped())


@pytest.mark.parametrize("domain", ["farmaciapec.it", "pec-ora.it", "studio-pec.it", "farmacia.miapec.com"])
def test_a_name_that_only_looks_certified_is_asked_about(domain):
    assert examine(f"farmacia@{domain}", check_mx=False).seems_pec


@pytest.mark.parametrize("domain", ["farmaciapecorone.it", "specchio.it", "cert.org", "gmail.com", "farmacia.it"])
def test_an_ordinary_name_is_not(domain):
    assert not examine(f"farmacia@{domain}", check_mx=False).seems_pec


@pytest.mark.parametrize(
    ("exchanger", "expected"),
    [
        ("10 mx.pec.aruba.it.", True),
        ("10 mx.cert.legalmail.it.", True),
        ("10 mx.aruba.it.", False),
        ("10 mx.peck.it.", False),
    ],
)
def test_the_hosts_that_receive_its_mail_are_looked_at(name_server, exchanger, expected):  # noqa: F811
    resolver = name_server({("it", "NS"): "a.dns.it.", ("farmacia.it", "MX"): exchanger})
    assert examine("a@farmacia.it", check_mx=True, resolver=resolver).seems_pec is expected


def test_what_seems_certified_can_be_confirmed(bruno_client, al_redentore):
    body = content(ask(bruno_client, "id@farmaciapec.it"))
    assert "Potrebbe essere una casella PEC." in body
    assert not letters()
    assert ask(bruno_client, "id@farmaciapec.it", conferma="id@farmaciapec.it").url == page("wizard:code")


def test_an_operator_adds_domains_and_takes_them_away(bruno_client, al_redentore, tmp_path, capsys):
    file = tmp_path / "domini.txt"
    file.write_text(
        "\ufeff# from the register of the region\nsanitacerta.example\n\nCittà.example  # accented\n", encoding="utf-8"
    )
    call_command("pec_domains", "add", "Posta.Example", file=file)
    assert "3 added" in capsys.readouterr().out
    assert set(PecDomain.objects.values_list("domain", flat=True)) == {
        "posta.example", "sanitacerta.example", "xn--citt-3na.example",
    }  # fmt: skip
    assert Entry.objects.filter(verb="pec.added").count() == 3
    for address in ("id@posta.example", "id@sub.sanitacerta.example", "id@città.example"):
        assert "casella PEC" in content(ask(bruno_client, address))
    call_command("pec_domains", "add", "posta.example", "pec.it")  # already known
    assert "0 added" in capsys.readouterr().out
    call_command("pec_domains", "remove", "posta.example")
    assert ask(bruno_client, "id@posta.example").url == page("wizard:code")
    assert Entry.objects.get(verb="pec.removed").detail["domain"] == "posta.example"


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", [["gmail.com"], ["it"], ["not a domain"], []])
def test_what_would_lock_pharmacies_out_is_not_added(wrong):
    with pytest.raises(CommandError):
        call_command("pec_domains", "add", "buono.example", *wrong) if wrong else call_command("pec_domains", "add")
    assert not PecDomain.objects.exists()


def test_a_domain_in_use_is_added_on_purpose_only(certified):
    with pytest.raises(CommandError, match="1 certified addresses use"):
        call_command("pec_domains", "add", "farmaciasanmarco.it")
    call_command("pec_domains", "add", "farmaciasanmarco.it", "--even-if-used")
    assert PecDomain.objects.get().domain == "farmaciasanmarco.it"
