"""The chain of trust that is in use: a row of the database, the same for every process, so that a login asks nobody for it."""

from datetime import datetime
from functools import lru_cache
from hashlib import sha256

from django.conf import settings
from django.db import transaction

from portal.identity.models import RegisteredProvider
from portal.identity.providers.oidc import federation, jose
from portal.identity.providers.oidc.federation import PROVIDER, Anchor, ChainBroken, TrustChain
from portal.identity.providers.saml.real import is_public
from portal.identity.providers.upkeep import NotTaken, Taken, write_reading

DOOR = "cie-oidc"  # of the rows: those of "cie" are SAML's
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "revocation_endpoint")


def in_use(provider: str, anchor: Anchor, now: datetime) -> TrustChain | None:
    """The chain of this provider that was taken last, while it is good."""
    row = _row(provider)
    chain = _read(row.pk, row.digest, anchor) if row else None
    return chain if chain is not None and chain.good_until > now else None


def refresh_is_due(provider: str, anchor: Anchor, now: datetime) -> bool:
    """True when none is good, or when half of the time that it is good for is over."""
    row, chain = _row(provider), in_use(provider, anchor, now)
    return row is None or chain is None or now - row.loaded_at >= chain.good_until - now


def refresh(provider: str, anchor: Anchor, fetch: federation.Fetch, now: datetime) -> Taken:
    """Follows the chain again and takes it when it holds. Raises NotTaken; either way the reading is written down."""
    try:
        taken = take(usable(federation.gathered(provider, PROVIDER, anchor, fetch, now)), now)
    except ChainBroken as error:
        refused = NotTaken(str(error))
        write_reading(DOOR, provider, now, refused)
        raise refused from error
    write_reading(DOOR, provider, now, taken)
    return taken


def usable(chain: TrustChain) -> TrustChain:
    """The same chain: its provider is who it says, at addresses that may be asked, with keys that we can check. Raises ChainBroken."""
    if chain.metadata.get("issuer") != chain.subject:
        raise ChainBroken("its issuer has another name")
    for name in ENDPOINTS:
        address = chain.metadata.get(name)
        if not isinstance(address, str) or not (settings.DEMO or is_public(address)):
            raise ChainBroken(f"its {name} is no https address of another machine")
    if not jose.public_keys(chain.metadata.get("jwks")):
        raise ChainBroken("it has no RSA key to sign with")
    return chain


@transaction.atomic
def take(chain: TrustChain, now: datetime) -> Taken:
    """Makes the chain the one in use, in the place of every other."""
    document = "\n".join(chain.statements)
    current = RegisteredProvider.objects.current(DOOR)
    before = [row.entity_id for row in current.select_for_update(no_key=True).order_by("pk")]
    current.update(replaced_at=now)
    RegisteredProvider.objects.create(
        door=DOOR,
        entity_id=chain.subject,
        document=document,
        digest=sha256(document.encode()).hexdigest(),
        loaded_at=now,
    )
    gone = [name for name in before if name != chain.subject]
    if chain.subject in before:
        return Taken(changed=[chain.subject], removed=gone)
    return Taken(added=[chain.subject], removed=gone)


def _row(provider: str) -> RegisteredProvider | None:
    return RegisteredProvider.objects.current(DOOR).filter(entity_id=provider).defer("document").first()


@lru_cache(maxsize=8)
def _read(pk: int, digest: str, anchor: Anchor) -> TrustChain | None:
    """Verified again, once by each process, as of the instant it was taken: who can write to the database is not believed."""
    row = RegisteredProvider.objects.get(pk=pk)
    try:
        chain = federation.verified(row.document.split("\n"), row.entity_id, PROVIDER, anchor, row.loaded_at)
        return usable(chain)
    except ChainBroken:
        return None
