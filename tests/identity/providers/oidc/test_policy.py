"""Metadata policies by the letter of OpenID Federation 1.0, section 6.1.3: which operators may stand together, and their order."""

import pytest

from portal.identity.providers.oidc.policy import PolicyViolated, applied, checked, combined


def one(**operators: object) -> dict:
    """A policy for `scopes`, after the checks of a single superior."""
    return combined({}, checked({"scopes": operators}))


@pytest.mark.parametrize(
    "operators",
    [
        {"value": ["a"], "add": ["b"]},
        {"value": ["a", "b"], "subset_of": ["a"]},
        {"value": ["a"], "superset_of": ["a", "b"]},
        {"value": "x", "one_of": ["y"]},
        {"value": None, "default": ["a"]},
        {"value": None, "essential": True},
        {"add": ["c"], "subset_of": ["a"]},
        {"add": ["a"], "one_of": ["a"]},
        {"subset_of": ["a"], "one_of": ["a"]},
        {"superset_of": ["a"], "one_of": ["a"]},
        {"default": ["c"], "subset_of": ["a"]},
        {"default": ["a"], "superset_of": ["b"]},
        {"default": "x", "one_of": ["y"]},
        {"superset_of": ["a", "b"], "subset_of": ["a"]},
    ],
)
def test_operators_that_contradict_each_other_are_refused(operators):
    with pytest.raises(PolicyViolated):
        one(**operators)


@pytest.mark.parametrize(
    ("operators", "value", "result"),
    [
        ({"value": ["a", "b"], "add": ["b"]}, ["z"], ["a", "b"]),
        ({"value": ["a"], "subset_of": ["a", "b"]}, ["z"], ["a"]),
        ({"add": ["b"], "subset_of": ["a", "b"]}, ["a", "z"], ["a", "b"]),
        ({"default": ["a"], "subset_of": ["a", "b"]}, None, ["a"]),
        ({"superset_of": ["a"], "subset_of": ["a", "b"]}, ["a", "z"], ["a"]),
        ({"value": None}, ["z"], None),
        ({"one_of": ["x", "y"], "default": "y"}, None, "y"),
    ],
)
def test_operators_that_agree_are_applied_in_their_order(operators, value, result):
    metadata = {} if value is None else {"scopes": value}
    assert applied(one(**operators), metadata).get("scopes") == result


def test_two_superiors_are_checked_together():
    with pytest.raises(PolicyViolated):
        combined(one(value=["a"]), checked({"scopes": {"add": ["b"]}}))
    with pytest.raises(PolicyViolated):
        combined(one(subset_of=["a"]), checked({"scopes": {"add": ["b"]}}))
