"""The former system's certified addresses: in force at once, to be confirmed, and never in place of the pharmacy's own."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from pharmacies.certification.succession import succession_of
from pharmacies.files.lock import Import, alone_throughout
from pharmacies.models import MailCertification, PecDomain, Pharmacy
from portal.journal.models import Entry
from portal.outbox.models import OutgoingMail, Priority
from tests.pharmacies.letters import text_of

HEAD = "cod_farmacia;indirizzo;dal"
ROW = "4512;Farmacia@SanMarco.it;31/12/2024"
KEY = "farmacia@sanmarco.it"


@pytest.fixture
def run(tmp_path: Path, san_marco: Pharmacy, al_redentore: Pharmacy):
    """run(row, row, "--dry-run"): what the command printed."""

    def import_(*lines: str, end: str = "\n", code: int | None = None) -> str:
        options = [line for line in lines if line.startswith("--")]
        rows = [line for line in lines if not line.startswith("--")]
        path, out = tmp_path / "indirizzi.csv", StringIO()
        path.write_text("\n".join([HEAD, *rows]) + end, encoding="utf-8")
        if code is None:
            call_command("import_certified", str(path), *options, stdout=out, stderr=out)
        else:
            with pytest.raises(CommandError) as failed:
                call_command("import_certified", str(path), *options, stdout=out, stderr=out)
            assert failed.value.returncode == code
            out.write(str(failed.value))
        return out.getvalue()

    return import_


def test_an_address_is_in_force_at_once_and_waits_for_a_holder(run, anna, san_marco) -> None:
    said = run(ROW)
    address = MailCertification.objects.current().get(pharmacy=san_marco)
    assert (address.address, address.certified_by, address.certified_with) == (
        "Farmacia@sanmarco.it",
        None,
        "sistema precedente",
    )
    assert address.certified_at == datetime(2024, 12, 30, 23, tzinfo=UTC)  # midnight in Rome
    assert address.certified_as == ""
    waits = succession_of(address, timezone.now())
    assert waits
    assert waits.is_imported
    assert "certified          1" in said
    assert "sanmarco" not in said.lower()


def test_one_letter_of_the_last_priority_tells_the_mailbox(run) -> None:
    run(ROW)
    letter = OutgoingMail.objects.get()
    assert letter.priority == Priority.NOTICE
    assert letter.give_up_at - letter.created_at == timedelta(days=7)
    assert "entro 60 giorni" in " ".join(text_of(letter).split())
    assert "SPID" not in text_of(letter)


def test_the_pages_show_an_imported_address(run, anna_client: Client, carla_client: Client) -> None:
    run(ROW)
    for client, page in (
        (anna_client, "/servizi/4512/sicurezza/gestione-mail/"),
        (anna_client, "/servizi/4512/"),
        (carla_client, "/operatori/stato-sessioni/4512/"),
        (carla_client, "/operatori/stato-sessioni/?stato=tutte"),
        (carla_client, "/operatori/archivio/"),
    ):
        response = client.get(page)
        assert response.status_code == 200, page
        assert "None" not in response.content.decode(), page


def test_the_same_file_again_changes_nothing(run) -> None:
    run(ROW)
    before = list(MailCertification.objects.values())
    assert "unchanged          1" in run(ROW)
    assert list(MailCertification.objects.values()) == before
    assert OutgoingMail.objects.count() == 1


def test_an_address_that_the_pharmacy_certified_or_revoked_here_is_left_alone(run, certified, anna) -> None:
    assert "line 2: (4512) the pharmacy has another address in force" in run(ROW)
    certified.revoke(anna, timezone.now())
    assert "line 2: (4512) the pharmacy's address was revoked here" in run(ROW)
    assert not MailCertification.objects.exclude(pk=certified.pk).exists()


def test_a_certification_under_way_replaces_the_imported_address(run, anna, san_marco) -> None:
    now = timezone.now()
    pending = MailCertification.objects.create(
        pharmacy=san_marco, address="nuovo@sanmarco.it", address_key="nuovo@sanmarco.it", requested_by=anna, requested_at=now
    )  # fmt: skip
    run(ROW)
    pending._certify(anna, "SPID livello 2", now)
    assert MailCertification.objects.current().get(pharmacy=san_marco) == pending
    assert OutgoingMail.objects.filter(recipient="nuovo@sanmarco.it").count() == 1


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("999;farmacia@sanmarco.it;31/12/2024", "no pharmacy has the code 999"),
        (";farmacia@sanmarco.it;31/12/2024", "no code of a pharmacy"),
        ("4512;farmacia.sanmarco.it;31/12/2024", "(4512) indirizzo: not an address"),
        ("4512;;31/12/2024", "(4512) indirizzo: not an address"),
        ("4512;farmacia@pec.it;31/12/2024", "(4512) indirizzo: a PEC mailbox"),
        ("4512;farmacia@pecnostra.example;31/12/2024", "(4512) indirizzo: a PEC mailbox"),
        ("4512;farmacia@mailinator.com;31/12/2024", "(4512) indirizzo: not an address"),
        ("4512;farmacia@sanmarco.it;", "(4512) dal: a day"),
        ("4512;farmacia@sanmarco.it;31/02/2024", "(4512) dal: a day"),
        ("4512;farmacia@sanmarco.it;31/12/2099", "(4512) dal: a day in the future"),
        ("4512;farmacia@sanmarco.it", "2 fields instead of 3"),
    ],
)
def test_a_broken_row_is_named_without_its_address_and_the_others_come_in(run, row, reason) -> None:
    PecDomain.objects.create(domain="pecnostra.example", added_at=timezone.now())
    said = run(row, "1877;farmacia@redentore.it;31/12/2024")
    assert reason in said
    assert "@" not in said
    assert [address.pharmacy.code for address in MailCertification.objects.all()] == ["1877"]


def test_a_pharmacy_twice_in_the_file_is_a_broken_row(run) -> None:
    assert "line 3: (4512) this pharmacy stands on line 2 already" in run(ROW, ROW)


def test_a_mailbox_of_two_pharmacies_is_imported_and_doubtful(run) -> None:
    run(ROW)
    assert "doubtful           1" in run(ROW, ROW.replace("4512", "1877"))


def test_a_dry_run_counts_and_writes_nothing(run) -> None:
    assert "certified          1" in run(ROW, "--dry-run")
    assert not MailCertification.objects.exists()
    assert not Entry.objects.exists()
    assert not OutgoingMail.objects.exists()


def test_a_file_that_stops_in_its_last_row_brings_the_rows_before_it(run) -> None:
    last = "1877;farmacia@redentore.it;31/12/2024"
    assert "(1877) the file stops in this row" in run(ROW, last, end="", code=3)
    assert MailCertification.objects.count() == 1
    run(ROW, last, "--accept-as-whole=verificato", end="")
    assert MailCertification.objects.count() == 2
    assert Entry.objects.filter(verb="certification.file_read").latest("pk").detail["because"] == "verificato"


def test_a_file_without_a_row_that_can_be_imported_changes_nothing(run) -> None:
    assert "nothing has changed" in run("999;farmacia@sanmarco.it;31/12/2024", code=1)
    assert not Entry.objects.exists()


def test_one_import_runs_at_a_time(run, db) -> None:
    with alone_throughout(Import.CERTIFIED):
        assert "Another import" in run(ROW, code=4)
    run(ROW)


def test_the_journal_names_the_address_masked(run) -> None:
    run(ROW)
    file, address = Entry.objects.order_by("-pk")
    assert file.sentence.startswith("ha letto l’elenco degli indirizzi certificati indirizzi.csv: 1 ripresi")
    assert address.about == "4512"
    assert address.sentence.startswith("ha ripreso l’indirizzo Fa•••@sanmarco.it")
