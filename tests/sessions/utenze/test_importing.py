"""The administration's file of utenze: what it brings, what it leaves alone, what it says about a broken row."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from pharmacies.files.lock import Import, alone_throughout
from pharmacies.models import Pharmacy, Utenza
from portal.journal.models import Entry
from portal.outbox.models import OutgoingMail
from sessions.utenze import importing, life
from tests.conftest import ANNA, BRUNO
from tests.secrets.hashes_of_others import KINDS

HEAD = "userId;codice_fiscale;codice_regione;codice_asl;codice_ssa;cod_farmacia;password;pincode"
HASHED = HEAD.replace("password", "password_hash").replace("pincode", "pincode_hash") + ";fornitore"
CLEAR = f"UV222A2B;{ANNA};042;001;045120;4512;SALVE;1729594276"


@pytest.fixture
def run(tmp_path: Path, san_marco: Pharmacy, al_redentore: Pharmacy):
    """run(HEAD, row, row, "--dry-run"): what the command printed."""

    def import_(head: str, *lines: str, end: str = "\n", code: int | None = None) -> str:
        options = [line for line in lines if line.startswith("--")]
        rows = [line for line in lines if not line.startswith("--")]
        path, out = tmp_path / "utenze.csv", StringIO()
        path.write_text("\n".join([head, *rows]) + end, encoding="utf-8")
        if code is None:
            call_command("import_utenze", str(path), *options, stdout=out, stderr=out)
        else:
            with pytest.raises(CommandError) as failed:
                call_command("import_utenze", str(path), *options, stdout=out, stderr=out)
            assert failed.value.returncode == code
            out.write(str(failed.value))
        return out.getvalue()

    return import_


def test_a_row_in_clear_becomes_an_utenza_that_works(run, san_marco) -> None:
    said = run(HEAD, CLEAR)
    utenza = Utenza.objects.get()
    assert utenza.pharmacy == san_marco
    assert (utenza.codice_regione, utenza.codice_asl, utenza.codice_ssa) == ("042", "001", "045120")
    assert utenza.check_password("SALVE")
    assert utenza.check_pincode("1729594276")
    assert utenza.is_usable
    assert "SALVE" not in said
    assert "1729594276" not in said
    assert "delete it now" in said


def test_spaces_dashes_and_accents_of_a_password_are_kept(run) -> None:
    run(HEAD, CLEAR.replace("SALVE", '" - caffe\u0300 ""no"""'))
    assert Utenza.objects.get().check_password(' - caffè "no"')


@pytest.mark.parametrize("kind", KINDS)
def test_a_hash_of_every_known_kind_is_taken(run, kind) -> None:
    hashes = KINDS[kind]("SALVE"), KINDS[kind]("1729594276")
    run(HASHED, f"UV222A2B;{ANNA};042;001;045120;4512;{hashes[0]};{hashes[1]};Gestionali Srl")
    utenza = Utenza.objects.get()
    assert utenza.check_password("SALVE")
    assert utenza.check_pincode("1729594276")
    assert utenza.supplier == "Gestionali Srl"


def test_the_same_file_again_changes_nothing(run) -> None:
    run(HEAD, CLEAR)
    before = list(Utenza.objects.values())
    assert "unchanged          1" in run(HEAD, CLEAR)
    assert list(Utenza.objects.values()) == before
    assert Entry.objects.filter(verb="utenza.imported").count() == 1


def test_a_password_that_was_changed_here_wins_over_every_file(run, anna) -> None:
    hashed = f"UV222A2B;{ANNA};042;001;045120;4512;{{}};{KINDS['bcrypt']('1729594276')};"
    run(HASHED, hashed.format(KINDS["bcrypt"]("SALVE")))
    life.change_password(Utenza.objects.get(), "una frase lunga e nuova", anna, timezone.now())
    run(HASHED, hashed.format(KINDS["bcrypt"]("SALVE")))
    run(HASHED, hashed.format(KINDS["salted SHA-1 of LDAP"]("altra")))
    assert Utenza.objects.get().check_password("una frase lunga e nuova")


def test_a_secret_that_was_used_here_wins_over_every_file(run) -> None:
    hashed = f"UV222A2B;{ANNA};042;001;045120;4512;{{}};{KINDS['bcrypt']('1729594276')};"
    run(HASHED, hashed.format(KINDS["bcrypt"]("SALVE")))
    used = Utenza.objects.get()
    assert used.check_password("SALVE")
    assert used.settle("password", "SALVE")
    run(HASHED, hashed.format(KINDS["bcrypt"]("altra")))
    assert Utenza.objects.get().check_password("SALVE")


def test_a_newer_file_replaces_a_hash_that_nobody_has_used_here(run) -> None:
    hashed = f"UV222A2B;{ANNA};042;001;045120;4512;{{}};{KINDS['crypt SHA-256']('1729594276')};"
    run(HASHED, hashed.format(KINDS["crypt SHA-256"]("SALVE")))
    run(HASHED, hashed.format(KINDS["salted SHA-512 of LDAP"]("cambiata di là")))
    assert Utenza.objects.get().check_password("cambiata di là")
    assert Entry.objects.get(verb="utenza.updated").detail["what"] == "password"


def test_other_facts_follow_the_file_and_the_supplier_only_when_none_is_written(run) -> None:
    run(HEAD + ";fornitore", CLEAR + ";Gestionali Srl")
    run(HEAD + ";fornitore", CLEAR.replace("045120", "045121") + ";Altri Srl")
    utenza = Utenza.objects.get()
    assert (utenza.codice_ssa, utenza.supplier) == ("045121", "Gestionali Srl")


def test_nothing_is_unblocked_or_enabled(run, carla, anna) -> None:
    run(HEAD, CLEAR)
    utenza = Utenza.objects.get()
    life.block(utenza, "furto", carla, timezone.now())
    life.disable(utenza, anna, timezone.now())
    run(HEAD, CLEAR.replace("045120", "045121"))
    utenza = Utenza.objects.get()
    assert utenza.codice_ssa == "045121"
    assert utenza.blocked_at
    assert utenza.disabled_at


def test_an_utenza_that_the_pharmacy_created_here_is_left_alone(run, utenza) -> None:
    said = run(HEAD, CLEAR.replace("UV222A2B", utenza.user_id).replace("SALVE", "ALTRA"))
    assert "own                1" in said
    assert Utenza.objects.get().check_password("SALVE")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (CLEAR.replace("4512;SALVE", "999;SALVE"), "(UV222A2B) no pharmacy has the code 999"),
        (CLEAR.replace(ANNA, "RSSNNA80A41H501X"), "(UV222A2B) codice fiscale: 16 characters"),
        (CLEAR.replace(ANNA, "01234567897"), "(UV222A2B) codice fiscale: 16 characters"),
        (CLEAR.replace("UV222A2B", "con spazi"), "line 2: userId: 1 to 16 visible"),
        (CLEAR.replace("UV222A2B", "due:punti"), "line 2: userId: 1 to 16 visible"),
        (CLEAR.replace(";042;", ";4A;"), "codice_regione: 3 digits"),
        (CLEAR.replace("045120", "45"), "codice_ssa: 5 or 6 digits"),
        (CLEAR.replace("SALVE", ""), "password: either password or password_hash must be filled"),
        (CLEAR.replace("SALVE", "x" * 129), "password: at most 128 characters"),
        (CLEAR.replace("1729594276", "segreto"), "pincode: 4 to 16 digits"),
        (CLEAR.replace("1729594276", "1\t2"), "pincode: 4 to 16 digits"),
        (CLEAR + ";troppo", "line 2: 9 fields instead of 8"),
    ],
)
def test_a_broken_row_is_named_without_its_secrets_and_the_others_come_in(run, row, reason) -> None:
    said = run(HEAD, row, CLEAR.replace("UV222A2B", "UV333C3D"))
    assert reason in said
    assert "Broken, skipped: 1 rows" in said
    assert not [secret for secret in ("SALVE", "1729594276", "segreto") if secret in said]
    assert [row.user_id for row in Utenza.objects.all()] == ["UV333C3D"]


def test_an_unknown_kind_of_hash_is_a_broken_row(run) -> None:
    row = f"{{}};{ANNA};042;001;045120;4512;{KINDS['bcrypt']('SALVE')};{{}};"
    said = run(
        HASHED, row.format("UV222A2B", "5f4dcc3b5aa765d61d8327deb882cf99"), row.format("UV333C3D", KINDS["bcrypt"]("1"))
    )
    assert "line 2: (UV222A2B) pincode_hash: a hash of an unknown kind" in said
    assert "5f4dcc3b" not in said


def test_an_utenza_of_another_pharmacy_is_a_broken_row(run, utenza) -> None:
    said = run(HEAD, CLEAR.replace("UV222A2B", "UVANNA01").replace("4512", "1877"), CLEAR, code=None)
    assert "(UVANNA01) this userId belongs to another pharmacy" in said


def test_a_user_id_twice_in_the_file_is_a_broken_row(run) -> None:
    assert "line 3: (UV222A2B) this userId stands on line 2 already" in run(HEAD, CLEAR, CLEAR)


def test_a_pharmacy_gets_no_more_than_it_may_have(run, monkeypatch) -> None:
    monkeypatch.setattr(life, "AT_MOST", 2)
    rows = [CLEAR.replace("UV222A2B", f"UV222A2{letter}") for letter in "BCD"]
    assert "(UV222A2D) the pharmacy has 2 utenze already" in run(HEAD, *rows, "--dry-run")
    monkeypatch.setattr(importing, "BATCH", 1)
    assert "(UV222A2D) the pharmacy has 2 utenze already" in run(HEAD, *rows, "--dry-run")
    assert "(UV222A2D) the pharmacy has 2 utenze already" in run(HEAD, *rows)
    assert Utenza.objects.count() == 2


def test_a_dry_run_counts_and_writes_nothing(run) -> None:
    assert "created            1" in run(HEAD, CLEAR, "--dry-run")
    assert not Utenza.objects.exists()
    assert not Entry.objects.exists()


def test_a_file_that_stops_in_its_last_row_brings_the_rows_before_it(run) -> None:
    last = CLEAR.replace("UV222A2B", "UV333C3D")
    said = run(HEAD, CLEAR, last[:-4], end="", code=3)
    assert "line 3: (UV333C3D) the file stops in this row" in said
    assert [row.user_id for row in Utenza.objects.all()] == ["UV222A2B"]
    run(HEAD, CLEAR, last, "--accept-as-whole=il programma non scrive l’ultimo a capo", end="")
    assert Utenza.objects.count() == 2
    assert Entry.objects.filter(verb="utenza.file_read").latest("pk").detail["because"].startswith("il programma")


def test_a_file_without_a_row_that_can_be_imported_changes_nothing(run) -> None:
    assert "nothing has changed. The first row: (UV222A2B) no code" in run(
        HEAD, CLEAR.replace("4512;SALVE", ";SALVE"), code=1
    )
    assert "nothing has changed" in run(HEAD, code=1)
    assert "Missing columns" in run("nome;cognome", "Anna;Rossi", code=1)
    assert not Entry.objects.exists()


def test_secrets_are_not_downloaded(db) -> None:
    with pytest.raises(CommandError, match="file of this machine"):
        call_command("import_utenze", "https://regione.example/utenze.csv")


def test_a_missing_file_is_said(db, tmp_path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_utenze", str(tmp_path / "manca.csv"))


def test_two_spellings_of_a_supplier_are_one(run) -> None:
    other = CLEAR.replace("UV222A2B", "UV333C3D")
    run(HEAD + ";fornitore", CLEAR + ";Gestionali Srl", other + ";GESTIONALI SRL")
    assert set(Utenza.objects.values_list("supplier", flat=True)) == {"Gestionali Srl"}


def test_one_import_runs_at_a_time(run, db) -> None:
    with alone_throughout(Import.UTENZE):
        assert "Another import" in run(HEAD, CLEAR, code=4)
    run(HEAD, CLEAR)


def test_the_journal_says_what_came_in_and_no_letter_leaves(run, certified) -> None:
    run(HEAD, CLEAR, CLEAR.replace("UV222A2B", "UV333C3D").replace(ANNA, BRUNO).replace("4512;S", "1877;S"))
    file, *utenze = Entry.objects.order_by("-pk")
    assert file.sentence.startswith("ha letto l’elenco delle utenze utenze.csv: 2 nuove")
    assert {line.about for line in utenze} == {"4512", "1877"}
    assert not OutgoingMail.objects.exists()
    assert not [line for line in Entry.objects.all() if "SALVE" in str(line.detail)]


def test_equal_secrets_get_different_hashes(run) -> None:
    run(HEAD, CLEAR, CLEAR.replace("UV222A2B", "UV333C3D"))
    first, second = Utenza.objects.all()
    assert first.password != second.password
    assert first.pincode != second.pincode


def test_a_short_pincode_is_imported_and_named_doubtful(run) -> None:
    assert "imported: 1 pincodes" in run(HEAD, CLEAR.replace("1729594276", "729594276"))


def test_leading_zeros_that_a_spreadsheet_took_away_come_back(run) -> None:
    run(HEAD, CLEAR.replace(";042;001;", ";42;1;").replace(";4512;", ";004512;"))
    assert (Utenza.objects.get().codice_regione, Utenza.objects.get().codice_asl) == ("042", "001")


@pytest.mark.parametrize(
    "row",
    [f"UV222A2B;{ANNA};042;001;045120;SEGRETA1;4512;1729594276", f"UV222A2B;{ANNA};042;001;045120;1729594276;SEGRETA1;4512",
     f"1729594276;{ANNA};042;001;045120;4512;SEGRETA1;UV222A2B"],
)  # fmt: skip
def test_a_secret_in_the_wrong_column_is_not_repeated(run, row) -> None:
    said = run(HEAD, row, CLEAR.replace("UV222A2B", "UV222A2C"))
    assert "Broken, skipped: 1 rows" in said
    assert "SEGRETA1" not in said
    assert "1729594276" not in said
