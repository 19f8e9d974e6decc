"""One normal form of an address: for storage, sending and comparison."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pharmacies.models import MailCertification
from portal.values.mail_address import ascii_address, ascii_domain, key, readable, same_mailbox

WEISS, WEISS_ASCII = "id@weiße-apotheke.example", "id@xn--weie-apotheke-ddb.example"
LABEL = st.from_regex(r"[a-zàèéìòùßöçñø]([a-zàèßö0-9-]{0,10}[a-zèß0-9])?", fullmatch=True).filter(
    lambda label: label[2:4] != "--"
)
ADDRESS = st.builds(
    "{}@{}.{}".format, st.from_regex(r"[A-Za-z][A-Za-z0-9.+'_-]{0,8}[a-z]", fullmatch=True), LABEL, LABEL
)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        (WEISS, WEISS_ASCII),
        ("Id@WEIẞE-Apotheke.example", "Id@xn--weie-apotheke-ddb.example"),
        ("id@farmacia-sanità.it", "id@xn--farmacia-sanit-tgb.it"),
        ("id@FARMACIA-SANITÀ.it", "id@xn--farmacia-sanit-tgb.it"),
        ("Id@Esempio.IT", "Id@esempio.it"),
        ("o'hara@esempio.it", "o'hara@esempio.it"),
        ("nessuna chiocciola", "nessuna chiocciola"),
        ("id@a\u200db..\u2764", "id@a\u200db..\u2764"),  # no domain at all: unchanged, and the SMTP server refuses it
    ],
)
def test_the_domain_is_that_of_idna_2008(written, normal):
    assert ascii_address(written) == normal


def test_a_domain_that_cannot_exist_is_an_error():
    with pytest.raises(ValueError, match="Codepoint"):
        ascii_domain("a\u2764.it")


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (WEISS, WEISS_ASCII),
        (WEISS, "ID@XN--WEIE-APOTHEKE-DDB.EXAMPLE"),
        ("Id@Esempio.IT", "id@esempio.it."),
        ("id@sanità.it", "id@SANITA\u0300.it"),
    ],
)
def test_two_spellings_of_a_mailbox_have_one_key(left, right):
    assert same_mailbox(left, right)


def test_another_domain_is_another_mailbox():
    assert not same_mailbox(WEISS, "id@weisse-apotheke.example")


@given(ADDRESS)
def test_the_normal_form_stays_and_loses_nothing(address):
    normal = ascii_address(address)
    assert normal.isascii()
    assert ascii_address(normal) == normal
    assert ascii_address(readable(normal)) == normal
    assert key(address) == key(normal) == key(readable(normal)) == key(key(address))


@given(st.text(max_size=40))
def test_no_text_breaks_the_comparison(text):
    assert same_mailbox(text, text)
    readable(text)


@given(ADDRESS, ADDRESS)
def test_two_mailboxes_never_become_one(left, right):
    if readable(ascii_address(left)).casefold() != readable(ascii_address(right)).casefold():
        assert ascii_address(left) != ascii_address(right)


def test_whatever_writes_an_address_writes_its_normal_form_and_finds_it_by_either(certified):
    MailCertification.objects.filter(pk=certified.pk).update(address=WEISS)
    assert MailCertification.objects.get(address=WEISS).address == WEISS_ASCII
    assert MailCertification.objects.filter(address=WEISS_ASCII, address__in=[WEISS]).exists()
