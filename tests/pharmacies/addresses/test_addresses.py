import socket
import threading
from time import monotonic

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pharmacies.addresses import examination
from pharmacies.addresses.examination import (
    AddressRefused,
    HasNoMx,
    IsDisposable,
    IsPec,
    NotAnAddress,
    examine,
    key,
    normalise,
)


class NameServer:
    """A name server on loopback: `records` maps (name, type) to a value; an unknown name does not exist."""

    def __init__(self, records: dict[tuple[str, str], str], *, silent: bool = False) -> None:
        self.records, self.silent = records, silent
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.resolver = dns.resolver.Resolver(configure=False)
        self.resolver.nameservers, self.resolver.port = ["127.0.0.1"], self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            packet, sender = self.socket.recvfrom(4096)
            if packet == b"stop":
                return
            if not self.silent:
                self.socket.sendto(self._answer(dns.message.from_wire(packet)).to_wire(), sender)

    def _answer(self, query):
        question = query.question[0]
        name, kind = question.name.to_text().rstrip("."), question.rdtype.name
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if (name, kind) in self.records:
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, self.records[name, kind]))
        elif not any(known == name for known, _ in self.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer

    def stop(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
            door.sendto(b"stop", self.socket.getsockname())
        self.thread.join()
        self.socket.close()


@pytest.fixture
def name_server():
    started = []

    def start(records, **kwargs):
        started.append(NameServer(records, **kwargs))
        return started[-1].resolver

    yield start
    for server in started:
        server.stop()


WORLD = {
    ("it", "NS"): "dns.nic.it.",
    ("farmacia.it", "MX"): "10 mx.farmacia.it.",
    ("vecchia.it", "A"): "192.0.2.7",
    ("vecchia6.it", "AAAA"): "2001:db8::7",
    ("nullmx.it", "MX"): "0 .",
    ("solotesto.it", "TXT"): '"niente posta"',
}


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("  Farmacia@Esempio.IT ", "Farmacia@esempio.it"),
        ("mailto:info@esempio.it", "info@esempio.it"),
        ("\ufeffinfo@esempio.it\u200b", "info@esempio.it"),
        ("info@farmacia-sanità.it", "info@farmacia-sanità.it"),
        ("o'hara+ricette@esempio.it", "o'hara+ricette@esempio.it"),
    ],
)
def test_what_was_typed_is_tidied(typed, written):
    assert normalise(typed) == written


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Scrivi l’indirizzo"),
        ("farmacia.esempio.it", "manca la chiocciola"),
        ("a@b.it; c@d.it", "un solo indirizzo"),
        ("a@b@esempio.it", "un solo indirizzo"),
        ("la farmacia@esempio.it", "spazi"),
        ("farmàcia@esempio.it", "accentate"),
        ("farmacia@esempio", "incompleto"),
        ("A@b.c", "almeno due lettere"),
        ("farmacia@esempio..it", "nome@dominio.it"),
        ("farmacia.@esempio.it", "nome@dominio.it"),
        ("x" * 65 + "@esempio.it", "nome@dominio.it"),
        ("farmacia@[127.0.0.1]", "nome@dominio.it"),
        ('"a b"@esempio.it', "spazi"),
        ("farmacia@localhost", "incompleto"),
        ("Farmacia <info@esempio.it>, <altra@esempio.it>", "un solo indirizzo"),
        ("altra@esempio.it <info@esempio.it>", "un solo indirizzo"),
        ("noi <info@esempio>", "incompleto"),
        ("info@esempio.it\r\nBcc: tutti@esempio.it", "un solo indirizzo"),
    ],
)
def test_a_wrong_spelling_is_refused_with_the_reason(typed, said):
    with pytest.raises(NotAnAddress, match=said):
        normalise(typed)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Info@Esempio.IT", "info@esempio.it"),
        ("info@farmacia-sanità.it", "info@xn--farmacia-sanit-tgb.it"),
        ("info@FARMACIA-SANITÀ.it", "INFO@farmacia-sanità.it"),
    ],
)
def test_two_spellings_of_a_mailbox_have_one_key(left, right):
    assert key(normalise(left)) == key(normalise(right))


@given(st.emails())
def test_any_address_is_either_refused_or_stable(typed):
    try:
        written = normalise(typed)
    except AddressRefused:
        return
    assert normalise(written) == written
    assert key(written) == key(key(written))
    assert key(written).isascii()


@given(st.text(max_size=300))
def test_no_text_breaks_the_examination(typed):
    try:
        examined = examine(typed, check_mx=False)
    except AddressRefused:
        return
    assert examined.key == key(examined.address)
    assert len(examined.address) <= 254


@pytest.mark.parametrize(
    "domain",
    [
        "pec.it", "farmacia.pec.it", "pec.farmacia.it", "legalmail.it", "cert.legalmail.it", "postecert.it",
        "pec2.federfarma.it", "arubapec.it", "sedi.arubapec.it", "mypec.eu", "postacert.it.net", "cert.farmacia.it",
        "postacertificata.gov.it", "PEC.Farmacia.IT",
    ],
)  # fmt: skip
def test_a_certified_mailbox_is_refused(domain):
    with pytest.raises(IsPec, match="casella PEC"):
        examine(f"farmacia@{domain}", check_mx=False)


@pytest.mark.parametrize(
    "domain",
    ["farmaciapecorone.it", "pecorone.it", "cert.org", "farmacia-pecetto.it", "libero.it", "pec-ora.it", "specchio.it"],
)
def test_a_domain_that_only_looks_certified_is_accepted(domain):
    assert examine(f"pec@{domain}", check_mx=False).domain == domain


@given(st.from_regex(r"[a-z]{1,12}", fullmatch=True), st.from_regex(r"[a-z]{1,12}", fullmatch=True))
def test_pec_inside_a_longer_label_means_nothing(before, after):
    assert not examination.is_pec(f"{before}pec{after}x.example")


@pytest.mark.parametrize("domain", ["mailinator.com", "casella.mailinator.com", "guerrillamail.com", "yopmail.com"])
def test_a_throw_away_mailbox_is_refused(domain):
    with pytest.raises(IsDisposable, match="temporanea"):
        examine(f"farmacia@{domain}", check_mx=False)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("gmail.con", "gmail.com"), ("gmail.it", "gmail.com"), ("gamil.com", "gmail.com"),
        ("gmai.com", "gmail.com"), ("gmaill.com", "gmail.com"), ("libreo.it", "libero.it"), ("lbero.it", "libero.it"),
        ("virglio.it", "virgilio.it"), ("hotmial.it", "hotmail.it"), ("outlok.it", "outlook.it"),
        ("tiscalli.it", "tiscali.it"), ("yaho.it", "yahoo.it"), ("alcie.it", "alice.it"), ("icoud.com", "icloud.com"),
        ("tmi.it", "tim.it"), ("libero.com", "libero.it"),
    ],
)  # fmt: skip
def test_a_slip_in_a_well_known_domain_is_pointed_out(typed, meant):
    assert examine(f"Farmacia@{typed}", check_mx=False).suggestion == f"Farmacia@{meant}"


@pytest.mark.parametrize(
    "domain",
    [
        "gmail.com", "libero.it", "tim.it", "tin.it", "hotmail.it", "hotmail.com", "ymail.com", "email.it", "mail.com",
        "farmaciasanmarco.it", "lafarmacia.it", "drmax.it", "live.it", "me.com",
    ],
)  # fmt: skip
def test_a_domain_that_exists_is_not_taken_for_a_slip(domain):
    assert examine(f"farmacia@{domain}", check_mx=False).suggestion is None


@given(st.text("abc.", max_size=6), st.text("abc.", max_size=6))
def test_one_slip_apart_is_symmetric_and_never_equal(left, right):
    assert examination.one_slip_apart(left, right) == examination.one_slip_apart(right, left)
    assert not examination.one_slip_apart(left, left)


@given(st.text("abcd", min_size=2, max_size=8), st.integers(0, 6), st.sampled_from("wxyz"))
def test_one_letter_added_dropped_or_changed_and_two_swapped_are_one_slip(word, at, letter):
    at = min(at, len(word) - 1)
    slips = [word[:at] + letter + word[at:], word[:at] + word[at + 1 :], word[:at] + letter + word[at + 1 :]]
    assert all(examination.one_slip_apart(word, slip) for slip in slips)
    if at and word[at - 1] != word[at]:
        assert examination.one_slip_apart(word, word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :])


def test_gmail_is_told_apart():
    assert examine("a@gmail.com", check_mx=False).is_consumer_gmail
    assert not examine("a@gmail.example.it", check_mx=False).is_consumer_gmail


@pytest.mark.parametrize("domain", ["farmacia.it", "vecchia.it", "vecchia6.it"])
def test_a_domain_with_an_exchange_or_an_address_receives_mail(name_server, domain):
    assert examine(f"a@{domain}", check_mx=True, resolver=name_server(WORLD)).domain == domain


@pytest.mark.parametrize("domain", ["nonesiste.it", "nullmx.it", "solotesto.it"])
def test_a_domain_that_says_it_receives_no_mail_is_refused(name_server, domain):
    with pytest.raises(HasNoMx, match="non riceve posta"):
        examine(f"a@{domain}", check_mx=True, resolver=name_server(WORLD))


@pytest.mark.parametrize(("domain", "refused_as"), [("gmial.com", IsDisposable), ("gmai.com", HasNoMx)])
def test_a_refused_domain_still_gets_its_suggestion(name_server, domain, refused_as):
    with pytest.raises(refused_as, match=r"errore di battitura: forse intendevi anna@gmail\.com\?") as refusal:
        examine(f"anna@{domain}", check_mx=True, resolver=name_server(WORLD))
    assert refusal.value.suggestion == "anna@gmail.com"


def test_a_silent_name_server_stops_nobody_and_takes_two_seconds_at_most(name_server):
    before = monotonic()
    examine("a@farmacia.it", check_mx=True, resolver=name_server(WORLD, silent=True))
    assert monotonic() - before < 3


def test_a_closed_network_whose_name_server_denies_everything_stops_nobody(name_server):
    examine("a@farmacia.it", check_mx=True, resolver=name_server({}))


def test_no_name_server_at_all_stops_nobody():
    examine("a@farmacia.it", check_mx=True, resolver=dns.resolver.Resolver(configure=False))
