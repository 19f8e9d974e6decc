"""Trust chains: a valid chain is accepted, a chain that an attacker could build is not."""

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.identity.models import RegisteredProvider, RegistryReading
from portal.identity.providers.oidc.federation import MOST_FETCHED
from portal.identity.providers.upkeep import NotTaken
from tests.identity.providers.oidc import forge
from tests.identity.providers.oidc.forge import ANCHOR, OP, ForgedFederation, ring

OP_CONFIGURATION, ANCHOR_CONFIGURATION = (
    f"{OP}/.well-known/openid-federation",
    f"{ANCHOR}/.well-known/openid-federation",
)
ABOUT = f"{ANCHOR}/fetch?sub={OP}"
DAY = timedelta(days=1)
MIDDLE = "https://mezzo.example"


@pytest.fixture
def order(door_is_real: ForgedFederation, db) -> ForgedFederation:
    door_is_real.federate()
    return door_is_real


def refresh() -> None:
    forge.Cie().refresh(timezone.now())


def refused(because: str) -> None:
    with pytest.raises(NotTaken, match=because):
        refresh()
    assert not RegisteredProvider.objects.exists()
    assert because in RegistryReading.objects.get().refused_because


def between(order: ForgedFederation, **more: object) -> None:
    """An intermediate between the provider and the trust anchor."""
    now = timezone.now()
    own = {
        "authority_hints": [ANCHOR],
        "metadata": {"federation_entity": {"federation_fetch_endpoint": f"{MIDDLE}/fetch"}},
    }
    order.published |= {
        OP_CONFIGURATION: forge.op_configuration(now, authority_hints=["https://muto.example", MIDDLE]),
        f"{MIDDLE}/.well-known/openid-federation": forge.statement(
            MIDDLE, MIDDLE, ring("mezzo"), ring("mezzo"), now, **own
        ),
        f"{MIDDLE}/fetch?sub={OP}": forge.about_op(now, iss=MIDDLE, signer=ring("mezzo")),
        f"{ANCHOR}/fetch?sub={MIDDLE}": forge.about_op(now, sub=MIDDLE, listed=ring("mezzo"), **more),
    }
    del order.published[ABOUT]


# --- valid chains


def test_a_chain_that_holds_is_taken_and_good_until_its_first_end(order):
    now = timezone.now()
    order.published[ABOUT] = forge.about_op(now, exp=int((now + DAY / 2).timestamp()))
    refresh()
    chain = forge.Cie().chain(now)
    assert chain.metadata["token_endpoint"] == f"{OP}/token"
    assert abs(chain.good_until - (now + DAY / 2)) < timedelta(seconds=1)
    assert forge.Cie().chain(now + DAY / 2) is None


def test_a_road_through_an_intermediate_holds_and_one_that_is_mute_is_passed_by(order):
    between(order, constraints={"max_path_length": 1})
    refresh()
    assert len(forge.Cie().chain(timezone.now()).statements) == 4


def test_what_the_superior_says_of_the_metadata_wins(order):
    said = {"openid_provider": {"token_endpoint": f"{OP}/altro"}}
    order.published[ABOUT] = forge.about_op(timezone.now(), metadata=said)
    refresh()
    assert forge.Cie().chain(timezone.now()).metadata["token_endpoint"] == f"{OP}/altro"


def test_the_policy_cuts_the_metadata_down(order):
    policy = {"openid_provider": {"response_types_supported": {"subset_of": ["code"]}, "contacts": {"default": ["x"]}}}
    order.published[ABOUT] = forge.about_op(timezone.now(), metadata_policy=policy)
    refresh()
    metadata = forge.Cie().chain(timezone.now()).metadata
    assert (metadata["response_types_supported"], metadata["contacts"]) == (["code"], ["x"])


def test_while_the_trust_anchor_changes_its_key_both_are_believed(order, settings):
    settings.OIDC_TRUST_ANCHOR_KEYS = forge.json.dumps(forge.jwks(ring("federazione-nuova"), ring("federazione")))
    refresh()


# --- invalid chains


SPOILT = {
    "the trust anchor signs with a key that we have not had": (
        ANCHOR_CONFIGURATION, lambda now: forge.anchor_configuration(now, signer=ring("mallory")), "not as it should be",
    ),
    "the trust anchor is another": (
        ANCHOR_CONFIGURATION, lambda now: forge.anchor_configuration(now, iss="https://altra.example"), "another entity",
    ),
    "the statement of the trust anchor has expired": (
        ABOUT, lambda now: forge.about_op(now, exp=int(now.timestamp()) - 1), "has expired",
    ),
    "the configuration of the provider has expired": (
        OP_CONFIGURATION, lambda now: forge.op_configuration(now, exp=int(now.timestamp()) - 1), "has expired",
    ),
    "the configuration of the trust anchor has expired": (
        ANCHOR_CONFIGURATION, lambda now: forge.anchor_configuration(now, exp=int(now.timestamp()) - 1), "has expired",
    ),
    "a statement of the future": (ABOUT, lambda now: forge.about_op(now, iat=int((now + DAY).timestamp())), "of the future"),
    "a statement without an end": (ABOUT, lambda now: forge.about_op(now, exp=None), "not as it should be"),
    "the provider signs with a key that the trust anchor does not list": (
        OP_CONFIGURATION, lambda now: forge.op_configuration(now, signer=ring("mallory")), "not as it should be",
    ),
    "the trust anchor lists another key": (
        ABOUT, lambda now: forge.about_op(now, listed=ring("mallory")), "not as it should be",
    ),
    "the provider vouches for itself": (
        ABOUT, lambda now: forge.about_op(now, signer=ring("gestore-federazione")), "not as it should be",
    ),
    "the statement is of another": (ABOUT, lambda now: forge.about_op(now, sub="https://altro.example"), "another entity"),
    "the statement is by another": (ABOUT, lambda now: forge.about_op(now, iss="https://altro.example"), "another entity"),
    "the configuration is of another": (
        OP_CONFIGURATION, lambda now: forge.op_configuration(now, sub="https://altro.example"), "another entity",
    ),
    "the provider does not know this superior": (
        OP_CONFIGURATION, lambda now: forge.op_configuration(now, authority_hints=["https://altra.example"]), "no superior",
    ),
    "hints that are none": (OP_CONFIGURATION, lambda now: forge.op_configuration(now, authority_hints={"a": 1}), "no superior"),
    "it is no provider": (
        OP_CONFIGURATION, lambda now: forge.op_configuration(now, metadata={"openid_relying_party": {}}), "no openid_provider",
    ),
    "metadata that are none": (OP_CONFIGURATION, lambda now: forge.op_configuration(now, metadata=[]), "not as it should be"),
    "it may not be a provider": (
        ABOUT, lambda now: forge.about_op(now, constraints={"allowed_leaf_entity_types": ["openid_relying_party"]}), "not allow",
    ),
    "a word that must be understood": (ABOUT, lambda now: forge.about_op(now, crit=["nuovo"]), "do not know"),
    "the policy wants another value": (
        ABOUT,
        lambda now: forge.about_op(now, metadata_policy={"openid_provider": {"issuer": {"one_of": ["https://a.example"]}}}),
        "against the policy",
    ),
    "the policy wants what is not there": (
        ABOUT,
        lambda now: forge.about_op(now, metadata_policy={"openid_provider": {"logo_uri": {"essential": True}}}),
        "against the policy",
    ),
    "the policy wants more than there is": (
        ABOUT,
        lambda now: forge.about_op(
            now, metadata_policy={"openid_provider": {"response_types_supported": {"superset_of": ["id_token"]}}}
        ),
        "against the policy",
    ),
    "the policy leaves nothing of what is essential": (
        ABOUT,
        lambda now: forge.about_op(
            now,
            metadata_policy={"openid_provider": {"response_types_supported": {"subset_of": ["x"], "essential": True}}},
        ),
        "against the policy",
    ),
    "a policy that is none": (
        ABOUT, lambda now: forge.about_op(now, metadata_policy={"openid_provider": {"issuer": {"one_of": "x"}}}), "against the policy",
    ),
    "its issuer has another name": (
        OP_CONFIGURATION,
        lambda now: forge.op_configuration(now, metadata={"openid_provider": forge.op_metadata(issuer="https://altro.example")}),
        "another name",
    ),
    "it cannot be asked for the tokens": (
        OP_CONFIGURATION,
        lambda now: forge.op_configuration(now, metadata={"openid_provider": forge.op_metadata(token_endpoint=None)}),
        "token_endpoint",
    ),
    "it has no key that we can check": (
        OP_CONFIGURATION,
        lambda now: forge.op_configuration(now, metadata={"openid_provider": forge.op_metadata(jwks={"keys": [{"kty": "oct", "kid": "x", "k": "AAAA"}]})}),
        "no RSA key",
    ),
    "its keys are small": (
        OP_CONFIGURATION,
        lambda now: forge.op_configuration(now, metadata={"openid_provider": forge.op_metadata(jwks={"keys": [small()]})}),
        "no RSA key",
    ),
    "bytes that are no statement": (OP_CONFIGURATION, lambda now: "x.y.z", "not as it should be"),
}  # fmt: skip


def small() -> forge.Claims:
    key = forge.RSAKey.import_key(forge.pem("piccola", 1024))
    return {**key.as_dict(private=False), "kid": "piccola"}


@pytest.mark.parametrize("spoilt", SPOILT)
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_a_chain_that_does_not_hold_is_not_taken(order, spoilt):
    address, statement, because = SPOILT[spoilt]
    order.published[address] = statement(timezone.now())
    refused(because)


def test_a_token_of_another_kind_is_no_statement(order):
    now = timezone.now()
    claims = forge.jose.unverified(forge.about_op(now))
    order.published[ABOUT] = forge.jose.signed(claims, ring("federazione").first, "JWT")
    refused("not as it should be")


def test_more_intermediates_than_allowed(order):
    between(order)
    order.published[ANCHOR_CONFIGURATION] = forge.anchor_configuration(
        timezone.now(), constraints={"max_path_length": 0}
    )
    refused("more entities stand between")


def test_an_intermediate_whose_key_the_trust_anchor_does_not_list(order):
    between(order)
    order.published[f"{ANCHOR}/fetch?sub={MIDDLE}"] = forge.about_op(timezone.now(), sub=MIDDLE, listed=ring("mallory"))
    refused("not as it should be")


def test_policies_of_two_superiors_that_contradict_each_other(order):
    between(order, metadata_policy={"openid_provider": {"contacts": {"value": ["a"]}}})
    contradicting = {"openid_provider": {"contacts": {"value": ["b"]}}}
    order.published[f"{MIDDLE}/fetch?sub={OP}"] = forge.about_op(
        timezone.now(), iss=MIDDLE, signer=ring("mezzo"), metadata_policy=contradicting
    )
    refused("against the policy")


def test_roads_that_go_round_in_circles_end(order):
    """Every entity names every other as its superior: the number of fetched addresses is bounded."""
    now = timezone.now()
    hints = [f"https://s{number}.example" for number in range(9)]
    for hint in hints:
        own = {
            "authority_hints": hints,
            "metadata": {"federation_entity": {"federation_fetch_endpoint": f"{hint}/fetch"}},
        }
        order.published[f"{hint}/.well-known/openid-federation"] = forge.statement(
            hint, hint, ring("mezzo"), ring("mezzo"), now, **own
        )
        for other in [OP, *hints]:
            order.published[f"{hint}/fetch?sub={other}"] = forge.about_op(
                now, iss=hint, sub=other, signer=ring("mezzo")
            )
    order.published[OP_CONFIGURATION] = forge.op_configuration(now, authority_hints=hints)
    refused("no superior")
    assert len(order.fetched) == MOST_FETCHED


def test_what_was_taken_is_not_believed_when_the_row_was_changed(order):
    refresh()
    row = RegisteredProvider.objects.get()
    document = row.document.split("\n")
    forged = forge.op_configuration(timezone.now(), signer=ring("mallory"))
    RegisteredProvider.objects.update(document="\n".join([forged, *document[1:]]), digest="changed")
    assert forge.Cie().chain(timezone.now()) is None


def test_in_production_nobody_on_this_machine_is_asked(order, settings):
    settings.DEMO = False
    refresh()
    inside = forge.op_metadata(token_endpoint="https://127.0.0.1/token")
    order.published[OP_CONFIGURATION] = forge.op_configuration(timezone.now(), metadata={"openid_provider": inside})
    with pytest.raises(NotTaken, match="token_endpoint"):
        refresh()
    settings.OIDC_TRUST_ANCHOR = "http://federazione.example"
    with pytest.raises(NotTaken, match="not https"):
        refresh()
