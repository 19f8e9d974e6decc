"""A verb that the code records and nobody put into words would be shown as "ha registrato un’operazione (…)"."""

import re
from pathlib import Path

from portal.journal.verbs import known_verbs

ROOT = Path(__file__).resolve().parent.parent.parent
RECORDED = re.compile(r'\b(?:record|note)\(\s*"([a-z_]+\.[a-z_]+)"')


def recorded() -> set[str]:
    """The verbs that stand as literals in a call of record() or of a model's note()."""
    modules = [path for app in ("portal", "pharmacies", "sessions") for path in (ROOT / app).rglob("*.py")]
    return {verb for module in modules for verb in RECORDED.findall(module.read_text(encoding="utf-8"))}


def test_every_recorded_verb_has_words():
    found = recorded()
    assert {"id.issued", "certification.certified", "context.added"} <= found
    assert sorted(found - set(known_verbs())) == []
