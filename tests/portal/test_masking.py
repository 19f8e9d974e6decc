"""What a mail server answers is kept and shown: never with an address, a code or an id in it."""

import pytest

from portal.masking import mask_secrets_in


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
