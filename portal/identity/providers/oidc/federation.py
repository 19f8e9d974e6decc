"""Resolves and verifies the trust chain from an entity to the trust anchor, whose keys the settings hold.

Sources: OpenID Federation 1.0, sections 3 to 6 and 10; SPID/CIE OpenID Connect, "Entity Statement", "Acquisire i Metadata".
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any
from urllib.parse import urlencode, urlsplit

from joserfc.jwk import RSAKey

from portal.identity.identity import CLOCKS_DIFFER_BY
from portal.identity.providers.oidc import jose, policy
from portal.identity.providers.oidc.jose import NotTrusted, instant, text
from portal.identity.providers.oidc.policy import PolicyViolated
from portal.identity.providers.oidc.wire import Unreachable

STATEMENT = "entity-statement+jwt"
MEDIA_TYPE = f"application/{STATEMENT}"
PROVIDER, RELYING_PARTY = "openid_provider", "openid_relying_party"
MOST_INTERMEDIATES = 2
MOST_SUPERIORS = 5  # followed for one entity; further hints are ignored
MOST_FETCHED = 20  # statements for one resolution
Fetch = Callable[[str], str]


class ChainBroken(Exception):
    """No valid chain leads from the entity to the trust anchor; `str()` gives the reason."""


@dataclass(frozen=True, eq=False)
class Anchor:
    """The trust anchor: the head of the federation, and its signing keys."""

    entity_id: str
    keys: tuple[RSAKey, ...]


@dataclass(frozen=True)
class TrustChain:
    """A verified chain: the entity's configuration, each superior's statement about its subordinate, the anchor's configuration.

    `metadata`: of the requested entity type, after the policies. `good_until` (UTC): the earliest expiry.
    """

    subject: str
    statements: tuple[str, ...]
    metadata: Mapping[str, Any]
    good_until: datetime


def configuration_address(entity_id: str) -> str:
    return f"{entity_id.rstrip('/')}/.well-known/openid-federation"


def gathered(subject: str, kind: str, anchor: Anchor, fetch: Fetch, now: datetime) -> TrustChain:
    """Follows the authority hints from the entity up to the anchor; returns the first valid chain. Raises ChainBroken."""
    why, fetch = "no superior of it leads to the trust anchor", _bounded(fetch)
    try:
        own = _configuration(subject, fetch)
        top = _configuration(anchor.entity_id, fetch, anchor.keys)
        for road in _roads(subject, own, anchor, top, fetch, MOST_INTERMEDIATES):
            try:
                return verified((own, *road, top), subject, kind, anchor, now)
            except ChainBroken as error:
                why = str(error)
    except Unreachable as error:
        raise ChainBroken(f"it cannot be read ({error})") from error
    except NotTrusted as error:
        raise ChainBroken(f"a statement is not as it should be ({error})") from error
    raise ChainBroken(why)


def verified(statements: Sequence[str], subject: str, kind: str, anchor: Anchor, now: datetime) -> TrustChain:
    """Verifies that each statement is valid, signed by its superior, and allows the next one. Raises ChainBroken."""
    try:
        if not 3 <= len(statements) <= 3 + MOST_INTERMEDIATES:
            raise ChainBroken("a chain of that length is none")
        top = _statement(statements[-1], anchor.keys, anchor.entity_id, anchor.entity_id, now)
        below = _descent(statements[1:-1], top, anchor, now)
        own = _statement(statements[0], _keys(below[-1]), subject, subject, now)
        if below[-1]["sub"] != subject or below[-1]["iss"] not in _listed(own, "authority_hints"):
            raise ChainBroken("the last superior speaks of another entity")
        _check_constraints(top, below, kind)
        metadata = _metadata(own, below, kind)
        ends = min(instant(claims, "exp") for claims in (top, *below, own))
    except NotTrusted as error:
        raise ChainBroken(f"a statement is not as it should be ({error})") from error
    except PolicyViolated as error:
        raise ChainBroken(f"against the policy of the federation ({error})") from error
    return TrustChain(subject, tuple(statements), metadata, ends)


def _configuration(entity: str, fetch: Fetch, keys: Sequence[RSAKey] = ()) -> str:
    """The configuration that this entity publishes, signed by itself (or by `keys`): its hints and addresses may be followed.

    Raises Unreachable, NotTrusted.
    """
    token = fetch(configuration_address(entity))
    claims = jose.verified(token, keys or _keys(jose.unverified(token)), STATEMENT)
    if claims.get("iss") != entity or claims.get("sub") != entity:
        raise NotTrusted("it speaks of another entity")
    return token


def _bounded(fetch: Fetch) -> Fetch:
    """Limits the fetches to MOST_FETCHED, whatever hints an attacker publishes."""
    fetches = count(1)

    def fetched(address: str) -> str:
        if next(fetches) > MOST_FETCHED:
            raise Unreachable("too many statements")
        return fetch(address)

    return fetched


def _roads(entity: str, statement: str, anchor: Anchor, top: str, fetch: Fetch, left: int) -> Iterator[tuple[str, ...]]:
    """Yields candidate paths of statements from the entity up to the anchor; not verified yet."""
    for superior in _listed(jose.unverified(statement), "authority_hints")[:MOST_SUPERIORS]:
        try:
            if superior == anchor.entity_id:
                yield (fetch(_about(entity, top)),)
            elif left:
                configuration = _configuration(superior, fetch)
                statement_below = fetch(_about(entity, configuration))
                for road in _roads(superior, configuration, anchor, top, fetch, left - 1):
                    yield (statement_below, *road)
        except (Unreachable, NotTrusted):
            continue  # try the next superior


def _about(entity: str, superior: str) -> str:
    """The URL of this superior's statement about the entity. Raises NotTrusted."""
    metadata = jose.unverified(superior).get("metadata")
    own = metadata.get("federation_entity") if isinstance(metadata, dict) else None
    endpoint = text(own if isinstance(own, dict) else {}, "federation_fetch_endpoint")
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode({'sub': entity})}"


def _descent(
    statements: Sequence[str], top: Mapping[str, Any], anchor: Anchor, now: datetime
) -> list[Mapping[str, Any]]:
    """Verifies the subordinate statements from the anchor down; each must be signed by a key that its superior lists."""
    found: list[Mapping[str, Any]] = []
    keys, issuer = _keys(top), anchor.entity_id
    for token in reversed(statements):
        claims = _statement(token, keys, issuer, None, now)
        if claims["sub"] == issuer:
            raise ChainBroken("an entity is its own superior")
        found.append(claims)
        keys, issuer = _keys(claims), claims["sub"]
    return found


def _statement(
    token: str, keys: Sequence[RSAKey], issuer: str, subject: str | None, now: datetime
) -> Mapping[str, Any]:
    claims = jose.verified(token, keys, STATEMENT)
    if text(claims, "iss") != issuer or subject not in (None, claims.get("sub")):
        raise ChainBroken("a statement speaks of another entity")
    text(claims, "sub")
    if "crit" in claims or "metadata_policy_crit" in claims:
        raise ChainBroken("a statement must be understood in a way that we do not know")
    if instant(claims, "iat") > now + CLOCKS_DIFFER_BY:
        raise ChainBroken("a statement is of the future")
    if instant(claims, "exp") <= now:
        raise ChainBroken("a statement has expired")
    return claims


def _keys(claims: Mapping[str, Any]) -> tuple[RSAKey, ...]:
    return jose.public_keys(claims.get("jwks"))


def _check_constraints(top: Mapping[str, Any], below: Sequence[Mapping[str, Any]], kind: str) -> None:
    """Checks path length, names and entity types of every constraint (OpenID Federation 1.0, section 6.2). `below`: the statements from the anchor down."""
    between = len(below) - 1
    for claims, intermediates, at in [(top, between, 0), *((one, between - at, at) for at, one in enumerate(below))]:
        constraints = claims.get("constraints")
        if constraints is None:
            continue
        if not isinstance(constraints, dict):
            raise NotTrusted("constraints")
        longest = constraints.get("max_path_length", intermediates)
        if isinstance(longest, bool) or not isinstance(longest, int) or intermediates > longest:
            raise ChainBroken("more entities stand between than a superior allows")
        for name in ("allowed_entity_types", "allowed_leaf_entity_types"):
            if kind not in _texts(constraints, name, [kind]):
                raise ChainBroken("a superior does not allow such an entity")
        _check_names(constraints.get("naming_constraints"), [lower["sub"] for lower in below[at:]])


def _check_names(constraints: Any, subjects: Sequence[str]) -> None:
    """Checks the names of the entities below against `permitted` and `excluded`: hosts, or domains with a leading dot.

    Source: OpenID Federation 1.0, section 6.2.2, which follows RFC 5280, section 4.2.1.10 for URIs.
    """
    if constraints is None:
        return
    if not isinstance(constraints, dict):
        raise NotTrusted("naming_constraints")
    permitted, excluded = (_texts(constraints, name, None) for name in ("permitted", "excluded"))
    for subject in subjects:
        host = (urlsplit(subject).hostname or "").rstrip(".")
        if excluded is not None and any(_is_within(host, name) for name in excluded):
            raise ChainBroken("a superior excludes the name of an entity")
        if permitted is not None and not any(_is_within(host, name) for name in permitted):
            raise ChainBroken("a superior does not permit the name of an entity")


def _is_within(host: str, name: str) -> bool:
    name = name.lower()
    return host.endswith(name) and host != name if name.startswith(".") else host == name


def _texts(claims: Mapping[str, Any], name: str, default: Any) -> Any:
    """A list of texts; `default` when it is absent. Raises NotTrusted."""
    if name not in claims:
        return default
    values = claims[name]
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise NotTrusted(name)
    return values


def _metadata(own: Mapping[str, Any], below: Sequence[Mapping[str, Any]], kind: str) -> dict[str, Any]:
    metadata = _of_kind(own, "metadata", kind) | _of_kind(below[-1], "metadata", kind)
    if not metadata:
        raise ChainBroken(f"it is no {kind}")
    together: policy.Policy = {}
    for claims in below:
        together = policy.combined(together, policy.checked(_of_kind(claims, "metadata_policy", kind)))
    return policy.applied(together, metadata)


def _of_kind(claims: Mapping[str, Any], name: str, kind: str) -> dict[str, Any]:
    by_kind = claims.get(name, {})
    found = by_kind.get(kind, {}) if isinstance(by_kind, dict) else None
    if not isinstance(found, dict):
        raise NotTrusted(name)
    return found


def _listed(claims: Mapping[str, Any], name: str) -> list[str]:
    values = claims.get(name)
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []
