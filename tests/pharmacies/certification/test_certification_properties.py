"""Invariants of attempts and sends, for any sequence of typed codes, requests and waits."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pharmacies.addresses.examination import examine
from pharmacies.models import CodiceValidazione, MailCertification
from pharmacies.models.certification_refused import AlreadyCertified, NothingToConfirm, NotYet, TooManyAttempts
from tests.conftest import make_pharmacy
from tests.pharmacies.letters import code_in

START = datetime(2026, 11, 23, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
NUMBERS = count(1)
ACTS = st.one_of(
    st.tuples(st.just("address"), st.integers(0, 2)),
    st.tuples(st.just("new code"), st.just(0)),
    st.tuples(st.just("wrong"), st.integers(0, 999_999)),
    st.tuples(st.just("old code"), st.integers(0, 5)),
    st.tuples(st.just("wait"), st.sampled_from([1, 30, 60, 600, 900, 1800, 3600])),
    st.tuples(st.just("withdraw"), st.just(0)),
)


class Story:
    """Bruno's pharmacy, its clock, and the observations so far."""

    def __init__(self, by) -> None:
        self.by, self.now, self.n = by, START, next(NUMBERS)
        self.pharmacy = make_pharmacy(f"P{self.n}", "Prova")
        self.guesses: dict[str, list[datetime]] = {}

    @property
    def under_way(self) -> MailCertification | None:
        return self.pharmacy.certifications.pending(self.now).first()

    def act(self, kind: str, value: int) -> None:
        with suppress(NotYet, NothingToConfirm, AlreadyCertified):
            getattr(self, kind.replace(" ", "_"))(value)

    def address(self, which: int) -> None:
        examined = examine(f"box{which}-{self.n}@farmaciaprova.it", check_mx=False)
        MailCertification.objects.begin_and_send(self.pharmacy, examined, self.by, self.now)

    def new_code(self, _: int) -> None:
        if self.under_way:
            self.under_way.send_code(self.now)

    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    def withdraw(self, _: int) -> None:
        if self.under_way:
            self.under_way.withdraw(self.by, self.now)

    def good_codes(self, certification: MailCertification) -> set[str]:
        """The usable codes that somebody can read: a request that was given up and resumed keeps its code, not its letter."""
        readable = certification.codes.usable(self.now).exclude(letter__sealed_source=None)
        return {code_in(code.letter) for code in readable}

    def type(self, certification: MailCertification, typed: str) -> bool:
        """Types a code and records whether it counted as a guess."""
        before = certification.failed_attempts, certification.last_failed_at
        confirmed = certification.confirm(typed, self.by, "SPID livello 2", self.now)
        if not confirmed and (certification.failed_attempts, certification.last_failed_at) != before:
            self.guesses.setdefault(certification.address_key, []).append(self.now)
        return confirmed

    def wrong(self, typed: int) -> None:
        if (certification := self.under_way) and f"{typed:06d}" not in self.good_codes(certification):
            assert not self.type(certification, f"{typed:06d}")

    def old_code(self, which: int) -> None:
        """Types a code of any earlier request: it certifies only while valid, for its own address, and not locked."""
        sent = list(
            CodiceValidazione.objects.filter(certification__pharmacy=self.pharmacy).exclude(letter__sealed_source=None)
        )  # a withdrawn letter cannot be read any more
        if not sent or not (certification := self.under_way):
            return
        typed = code_in(sent[which % len(sent)].letter)
        good, locked = typed in self.good_codes(certification), certification.locked_until(self.now)
        try:
            assert self.type(certification, typed) == good
            assert not locked
        except TooManyAttempts:
            assert locked


def at_most(limit: int, times: list[datetime], within: timedelta) -> bool:
    return all(sum(first <= t < first + within for t in times) <= limit for first in times)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACTS, min_size=3, max_size=30))
def test_limits_hold_whatever_the_order(bruno, acts):
    story = Story(bruno)
    story.address(0)
    for kind, value in acts:
        story.act(kind, value)
        certifications = story.pharmacy.certifications
        assert certifications.pending(story.now).count() <= 1
        assert certifications.current().count() <= 1
    for guesses in story.guesses.values():
        assert at_most(5, guesses, HOUR)
    sends = CodiceValidazione.objects.filter(certification__pharmacy=story.pharmacy)
    assert at_most(4, [code.sent_at for code in sends], HOUR)
    for certification in story.pharmacy.certifications.all():
        assert at_most(1, [code.sent_at for code in certification.codes.all()], timedelta(seconds=60))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_right_code_is_good_however_it_is_spaced(bruno, data):
    story = Story(bruno)
    story.address(0)
    (code,) = story.good_codes(story.under_way)
    gaps = st.text(" -–.\t\xa0", max_size=3)
    typed = "".join(data.draw(gaps) + digit for digit in code) + data.draw(gaps)
    assert story.under_way.confirm(typed, bruno, "SPID livello 2", story.now)
