"""`manage.py load_profile`: a file writes contexts under the rules of the page, or nothing at all."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from pharmacies.models import Pharmacy
from portal.journal.models import Entry
from sessions.models import AskableContext, Context
from sessions.staff.region_profiles import SHIPPED, TYPES, shipped_names

pytestmark = pytest.mark.django_db
FACTS = ("contesto", "applicazione", "title", "short_name", "hours", "policy", "closed_to_new")


def load(source: object, *options: str) -> str:
    out = StringIO()
    call_command("load_profile", str(source), *options, stdout=out)
    return out.getvalue()


def rows() -> tuple[list, list]:
    return list(Context.objects.order_by("pk").values_list(*FACTS)), list(
        AskableContext.objects.order_by("context", "type").values_list("context", "type")
    )


@pytest.fixture
def written(tmp_path):
    """Writes a profile with one context of these lines."""

    def write(*lines: str, head: str = 'name = "Prova"'):
        path = tmp_path / "regione.toml"
        path.write_text("\n".join([head, "[[context]]", 'contesto = "RICETTA-NERA"', *lines]), encoding="utf-8")
        return path

    return write


def test_piemonte_ends_the_earlier_ids_and_a_second_run_changes_nothing() -> None:
    before = rows()
    assert "would change" in load("piemonte", "--check")
    assert (rows(), Entry.objects.count()) == (before, 0)
    assert "written" in load("piemonte")
    for contesto in ("RICETTA-DEM", "RICETTA-BIANCA"):
        assert Context.objects.get(contesto=contesto, applicazione="EROGATORE").policy == "replace"
    assert Context.objects.get(contesto="RICETTA-DEM", applicazione="PRESCRITTORE").policy == "overlap"
    lines = Entry.objects.count()
    assert lines
    assert "nothing to change" in load("piemonte")
    assert Entry.objects.count() == lines


@pytest.mark.parametrize("name", shipped_names())
def test_every_shipped_profile_is_good(name) -> None:
    assert load(name, "--check")
    assert load(SHIPPED / f"{name}.toml", "--check") == load(name, "--check")


def test_a_file_adds_a_context_for_the_types_that_it_names(written) -> None:
    load(written("hours = 10", 'types = ["parafarmacia"]', 'required_fields = ["contesto"]', "closed_to_new = true"))
    row = Context.objects.get(contesto="RICETTA-NERA", applicazione="")
    assert (row.hours, row.required_fields, row.closed_to_new) == (10, ["contesto"], True)
    assert row.askable_types == [Pharmacy.Type.PARAFARMACIA]
    assert set(Entry.objects.values_list("verb", flat=True)) == {"context.added", "context.types"}


def test_an_absent_key_leaves_the_row_as_it_is(written) -> None:
    load(written("hours = 10", "closed_to_new = true", 'short_name = "Nera"'))
    load(written("hours = 12"))
    row = Context.objects.get(contesto="RICETTA-NERA")
    assert (row.hours, row.closed_to_new, row.short_name) == (12, True, "Nera")
    assert "ore di validità da «10» a «12»" in Entry.objects.latest("pk").sentence


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["hours = 49"], "vanno da 1 a 48"), (['hours = "molte"'], "numero intero"), (['policy = "mai"'], "policy"),
        (["ore = 10"], "sconosciute nel contesto 1: ore"), (['types = ["farmacia"]'], "parafarmacia"), (["types = 5"], "types"),
        (['required_fields = ["password"]'], "required_fields"), (["applicazione = 5"], "testi"), (["hours ="], "TOML"),
        (['applicazione = "con spazi"'], "applicazione"),
    ],
)  # fmt: skip
def test_a_mistake_is_said_and_nothing_is_written(written, lines, said) -> None:
    before = rows()
    good = ['[[context]]\ncontesto = "RICETTA-DEM"\napplicazione = "EROGATORE"\nhours = 10']
    path = written(*lines)
    path.write_text(
        path.read_text(encoding="utf-8").replace("[[context]]", f"{good[0]}\n[[context]]", 1), encoding="utf-8"
    )
    with pytest.raises(CommandError) as refused:
        load(path)
    assert said.replace("contesto 1", "contesto 2") in str(refused.value)
    assert (rows(), Entry.objects.count()) == (before, 0)


@pytest.mark.parametrize(
    "text", ["", 'name = "X"', "context = 5", 'name = 5\n[[context]]\ncontesto = "A"', 'name = "X"\ncontext = [5]']
)
def test_a_file_that_is_no_profile_is_refused(tmp_path, text) -> None:
    path = tmp_path / "x.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CommandError):
        load(path)


def test_an_unknown_name_is_told_the_known_ones(tmp_path) -> None:
    with pytest.raises(CommandError, match="piemonte"):
        load("atlantide")
    path = tmp_path / "x.toml"
    path.write_bytes(b"\xff" * 10)
    with pytest.raises(CommandError, match="TOML"):
        load(path)


def test_every_type_has_a_word_in_the_page_of_documentation() -> None:
    assert set(TYPES.values()) == set(Pharmacy.Type)
