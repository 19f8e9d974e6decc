"""A service that serves several contexts: the answer names the first that fits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.gate import query
from sessions.ids import issuing
from sessions.models import Context
from tests.sessions.conftest import MORNING
from tests.sessions.gate.gate_door import GATE, basic
from tests.sessions.gate.test_gate_wildcards import THIS_MONTH

DEM = "contesto=RICETTA-DEM&applicazione=EROGATORE"
WHITE = "contesto=RICETTA-BIANCA&applicazione=EROGATORE"


@pytest.fixture(autouse=True)
def _it_is_morning(time_machine) -> None:
    time_machine.move_to(MORNING, tick=False)


@pytest.fixture
def plain(utenza, certified, context) -> str:
    return issuing.issue(utenza, context, MORNING).plain


def call_of(client, plain: str, query_string: str):
    headers = {"Authorization": basic(), "Authorization2F": f"Bearer {plain}"}
    response = client.get(f"{GATE}?{query_string}", headers=headers)
    context = response.headers.get("X-A2F-Contesto"), response.headers.get("X-A2F-Applicazione")
    return response.status_code, response.headers.get("X-A2F-Reason"), context


@pytest.mark.django_db
@pytest.mark.parametrize("query_string", [f"{DEM}&{WHITE}", f"{WHITE}&{DEM}", f"contesto=ALTRO&{WHITE}&{DEM}"])
def test_the_context_of_the_id_is_named(client, plain, query_string):
    assert call_of(client, plain, query_string) == (204, None, ("RICETTA-DEM", "EROGATORE"))


@pytest.mark.django_db
def test_with_one_context_there_is_nothing_to_name(client, plain):
    assert call_of(client, plain, DEM) == (204, None, (None, None))
    assert call_of(client, plain, "applicazione=EROGATORE&contesto=RICETTA-DEM") == (204, None, (None, None))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query_string",
    [
        f"{WHITE}&contesto=RICETTA-DEM&applicazione=PRESCRITTORE",
        f"{WHITE}&contesto=RICETTA-DEM",
        "contesto=RICETTA-DEM&contesto=RICETTA-BIANCA&applicazione=EROGATORE",  # EROGATORE belongs to the second
        f"{DEM}&applicazione=PRESCRITTORE&{WHITE}",  # two applicazioni of one contesto
        f"applicazione=EROGATORE&contesto=RICETTA-DEM&{WHITE}",
        "&".join([DEM] * 21),
    ],
)
def test_no_context_fits(client, plain, query_string):
    assert call_of(client, plain, query_string) == (403, "other-context", (None, None))


@pytest.mark.django_db
def test_a_wildcard_passes_in_the_first_context_that_is_its_own(client, utenza, context, settings):
    settings.A2F_MODE = "TEST"
    assert call_of(client, THIS_MONTH, f"{WHITE}&{DEM}") == (204, None, ("RICETTA-DEM", "EROGATORE"))
    assert call_of(client, THIS_MONTH, f"{WHITE}&contesto=RICETTA-DEM") == (403, "other-context", (None, None))


@pytest.mark.django_db
def test_a_context_without_applicazione_among_others(client, utenza, certified):
    empty = Context.objects.get_or_create(contesto="RICETTA-DEM", applicazione="")[0]
    plain = issuing.issue(utenza, empty, MORNING).plain
    assert call_of(client, plain, f"contesto=RICETTA-DEM&{WHITE}") == (204, None, ("RICETTA-DEM", ""))


def test_a_nul_in_any_context_is_no_context():
    assert query.parse(f"{DEM}&contesto=%00").contexts == (("", ""),)


CODES = st.text(alphabet="ABC-01", max_size=4)


@given(st.lists(st.tuples(CODES, st.none() | CODES), min_size=1, max_size=5))
def test_what_is_written_is_read_in_its_order(contexts):
    parts = [f"contesto={c}" + ("" if a is None else f"&applicazione={a}") for c, a in contexts]
    assert query.parse("&".join(parts)).contexts == tuple((c, a or "") for c, a in contexts)
