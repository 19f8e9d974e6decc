"""Alerts of TS-CNS: the files that nginx verifies cards with are missing, or end soon."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from django.conf import settings

from portal.identity.providers.base import TS_CNS
from portal.identity.providers.cns import revocations, trust_list
from portal.identity.providers.cns.sources import RefreshFailed
from portal.identity.providers.upkeep import Alert

REVOCATIONS_END_WITHIN = timedelta(hours=2)  # the timer of deploy/systemd has failed twice
TRUST_LIST_ENDS_WITHIN = timedelta(days=7)


def alerts_of_cards(now: datetime) -> Iterator[Alert]:
    try:
        files = [settings.CNS_FOLDER / name for name in ("ca.pem", "crl.pem")]
        listed_until, taken_until = _read(*files, *(file.stat().st_mtime_ns for file in files))
    except (OSError, ValueError, RefreshFailed):
        yield Alert(TS_CNS.key, "ca.pem and crl.pem", "cannot be read: nobody can sign in with a card", urgent=True)
        return
    if listed_until is not None and listed_until <= now + TRUST_LIST_ENDS_WITHIN:
        yield Alert(TS_CNS.key, "trust list", f"the newest that was read is good until {listed_until:%Y-%m-%d}")
    for authority, end in taken_until.items():
        if end is None or end <= now:
            why = (
                f"its list of revoked cards ended {end:%Y-%m-%d %H:%M} UTC"
                if end
                else "there is no list of its revoked cards"
            )
            yield Alert(TS_CNS.key, authority, f"{why}: nginx refuses its cards", urgent=True)
        elif end <= now + REVOCATIONS_END_WITHIN:
            yield Alert(TS_CNS.key, authority, f"its list of revoked cards ends {end:%Y-%m-%d %H:%M} UTC")


@lru_cache(maxsize=1)
def _read(ca: Path, crl: Path, *changed_at: int) -> tuple[datetime | None, dict[str, datetime | None]]:
    """The end (UTC) of the trust list, and of the revocation list of each authority. Cached until a file changes: the lists
    are some megabytes.
    """
    bundle = ca.read_bytes()
    authorities = x509.load_pem_x509_certificates(bundle)
    return trust_list.next_update_of(bundle), revocations.taken_until(
        revocations.gathered(crl.read_bytes(), authorities), authorities
    )
