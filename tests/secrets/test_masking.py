"""A mail server's answer is stored and shown without addresses, codes or ids."""

import pytest

from portal.secrets.masking import mask_people_in, mask_secrets_in, scrubbed_traceback, without_row


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("550 5.1.1 <id@farmacia.it> unknown", "550 5.1.1 <id•••@farmacia.it> unknown"),
        ("550 to=id%40farmacia.it", "550 •••"),
        ("554 spam: ID SESSIONE: 0b7d5c0e-52c1-4a8e-9a51-0d2b1c3e4f50", "554 spam: ID SESSIONE: ••••••"),
        ("554 Codice validazione: 914203.", "554 Codice validazione: ••••••."),
        ("250 2.0.0 Ok: queued as 4F2A1B", "250 2.0.0 Ok: queued as 4F2A1B"),
    ],
)
def test_an_answer_keeps_its_sense_and_loses_the_rest(said, kept):
    assert mask_secrets_in(said) == kept


def test_the_row_that_a_database_refused_is_dropped_on_all_its_lines_and_nothing_else():
    first = "psycopg.errors.CheckViolation: new row violates check\nDETAIL:  Failing row contains (12, via Roma 12,\nsegreto).\n"
    more = "HINT:  See server log.\nCONTEXT:  while inserting\n\nThe above exception was the direct cause of"
    kept = without_row(first + more + " the following exception:\n" + first)
    assert "Roma" not in kept
    assert "segreto" not in kept
    assert kept == (
        "psycopg.errors.CheckViolation: new row violates check\n"
        + more + " the following exception:\npsycopg.errors.CheckViolation: new row violates check\n"
    )  # fmt: skip
    assert without_row(first + "\nDuring handling of").endswith("check\n\nDuring handling of")


def test_a_traceback_loses_the_secrets_named_and_the_row():
    try:
        raise ValueError("SALVE qui\nDETAIL:  Failing row contains (1,\n2).")
    except ValueError:
        text = scrubbed_traceback(["SALVE", ""])
    assert text.endswith("ValueError: ••• qui\n")
    assert text.startswith("Traceback")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("ha bloccato l’utenza RSSNNA80A41H501L: furto", "ha bloccato l’utenza RSS•••••••••501L: furto"),
        ("BRNMRA84D55H50MN", "BRN•••••••••50MN"),
        ("rssnna80a41h501l, id@farmacia.it", "rss•••••••••501l, id•••@farmacia.it"),
        ("ha bloccato l’utenza UV94512M", "ha bloccato l’utenza UV94512M"),
        ("XRSSNNA80A41H501L AMMINISTRAZIONE", "XRSSNNA80A41H501L AMMINISTRAZIONE"),
    ],
)
def test_who_somebody_is_is_masked_wherever_it_stands_in_a_sentence(said, kept):
    assert mask_people_in(said) == kept
