"""The trust chain in use: a database row shared by all processes, so that a login fetches nothing."""

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

DOOR = "cie-oidc"  # RegisteredProvider.door; rows of "cie" are SAML
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "revocation_endpoint")


def in_use(provider: str, anchor: Anchor, now: datetime) -> TrustChain | None:
    """The stored chain of this provider while it is valid; else None."""
    row = _row(provider)
    chain = _read(row.pk, row.digest, anchor) if row else None
    return chain if chain is not None and chain.good_until > now else None


def refresh_is_due(provider: str, anchor: Anchor, now: datetime) -> bool:
    """True when no chain is valid, or half of its validity has passed."""
    row, chain = _row(provider), in_use(provider, anchor, now)
    return row is None or chain is None or now - row.loaded_at >= chain.good_until - now


def refresh(provider: str, anchor: Anchor, fetch: federation.Fetch, now: datetime) -> Taken:
    """Resolves the chain and stores it when it is valid; records the reading in any case. Raises NotTaken."""
    try:
        taken = take(usable(federation.gathered(provider, PROVIDER, anchor, fetch, now)), now)
    except ChainBroken as error:
        refused = NotTaken(str(error))
        write_reading(DOOR, provider, now, refused)
        raise refused from error
    write_reading(DOOR, provider, now, taken)
    return taken


def usable(chain: TrustChain) -> TrustChain:
    """Returns the chain if its issuer matches, its endpoints are public and it has usable keys. Raises ChainBroken."""
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
    """Stores the chain as the one in use; replaces all others."""
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
    """Verifies the stored chain again, once per process, as of the time it was stored: write access to the database alone must
    not add a provider.
    """
    row = RegisteredProvider.objects.get(pk=pk)
    try:
        chain = federation.verified(row.document.split("\n"), row.entity_id, PROVIDER, anchor, row.loaded_at)
        return usable(chain)
    except ChainBroken:
        return None
