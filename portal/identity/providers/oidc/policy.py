"""Metadata policies of the federation. Source: OpenID Federation 1.0, section 6.1."""

from collections.abc import Mapping
from typing import Any

Policy = Mapping[str, Mapping[str, Any]]  # parameter → operator → value
_LISTS = ("add", "one_of", "subset_of", "superset_of")
_KNOWN = {"value", "default", "essential", *_LISTS}


class PolicyViolated(Exception):
    """The metadata violate a policy, or two policies conflict; `str()` says where."""


def checked(policy: Any) -> Policy:
    """Validates the form of a policy and drops unknown operators. Raises PolicyViolated."""
    if not isinstance(policy, dict):
        raise PolicyViolated("not a policy")
    found: dict[str, dict[str, Any]] = {}
    for name, operators in policy.items():
        if not isinstance(operators, dict):
            raise PolicyViolated(name)
        if any(not isinstance(operators[operator], list) for operator in _LISTS if operator in operators):
            raise PolicyViolated(name)
        found[name] = {operator: value for operator, value in operators.items() if operator in _KNOWN}
    return found


def combined(above: Policy, below: Policy) -> Policy:
    """Merges a policy with its subordinate's, which may only be stricter. Raises PolicyViolated."""
    return {name: _both(name, above.get(name, {}), below.get(name, {})) for name in {**above, **below}}


def applied(policy: Policy, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Applies the policy to the metadata: adds, restricts or refuses values. Raises PolicyViolated."""
    result = dict(metadata)
    for name, operators in policy.items():
        value = _one(name, result.get(name), operators)
        if value is None:
            result.pop(name, None)
        else:
            result[name] = value
    return result


def _both(name: str, above: Mapping[str, Any], below: Mapping[str, Any]) -> dict[str, Any]:
    result = {**above, **below}
    for operator in above.keys() & below.keys():
        if operator in ("value", "default") and above[operator] != below[operator]:
            raise PolicyViolated(f"{name}: two superiors want another {operator}")
        if operator in ("one_of", "subset_of"):
            result[operator] = [entry for entry in above[operator] if entry in below[operator]]
        if operator in ("add", "superset_of"):
            result[operator] = [*above[operator], *(entry for entry in below[operator] if entry not in above[operator])]
        if operator == "essential":
            result[operator] = bool(above[operator] or below[operator])
    if "one_of" in result and not result["one_of"]:
        raise PolicyViolated(f"{name}: two superiors leave nothing to choose")
    _check_together(name, result)
    return result


def _check_together(name: str, operators: Mapping[str, Any]) -> None:
    """Refuses operators that the specification does not let stand together, or whose values contradict each other.

    Source: OpenID Federation 1.0, section 6.1.3.1, the list of each operator.
    """

    def as_set(operator: str) -> set[str] | None:
        value = operators.get(operator)
        return None if value is None else set(map(repr, _list(name, value)))

    value, allowed, wanted = as_set("value"), as_set("subset_of"), as_set("superset_of")
    if "one_of" in operators and not operators.keys().isdisjoint(("add", "subset_of", "superset_of")):
        raise PolicyViolated(f"{name}: one_of stands with an operator for lists")
    if "value" in operators and value is None and ("default" in operators or operators.get("essential")):
        raise PolicyViolated(f"{name}: no value is wanted, and a value too")
    pairs = [  # the first must be within the second
        (as_set("add"), value), (as_set("add"), allowed), (value, allowed), (as_set("default"), allowed), (wanted, allowed),
        (wanted, value), (wanted, as_set("default")), (value, as_set("one_of")), (as_set("default"), as_set("one_of")),
    ]  # fmt: skip
    if any(inner is not None and outer is not None and not inner <= outer for inner, outer in pairs):
        raise PolicyViolated(f"{name}: its operators contradict each other")


def _one(name: str, value: Any, operators: Mapping[str, Any]) -> Any:
    """Applies the operators to one parameter, in the order of the specification; None: absent."""
    if "value" in operators:
        value = operators["value"]
    if "add" in operators:
        value = [*_list(name, value), *(entry for entry in operators["add"] if entry not in _list(name, value))]
    if value is None and "default" in operators:
        value = operators["default"]
    if value is not None:
        value = _within(name, value, operators)
    if value is None and operators.get("essential"):
        raise PolicyViolated(f"{name} is missing")
    return value


def _within(name: str, value: Any, operators: Mapping[str, Any]) -> Any:
    if "one_of" in operators and value not in operators["one_of"]:
        raise PolicyViolated(f"{name} is none of those allowed")
    if "subset_of" in operators:
        kept = [entry for entry in _list(name, value) if entry in operators["subset_of"]]
        value = _as_before(value, kept) if kept else None
    if "superset_of" in operators:
        has = _list(name, value)
        if any(entry not in has for entry in operators["superset_of"]):
            raise PolicyViolated(f"{name} lacks what it must have")
    return value


def _list(name: str, value: Any) -> list[Any]:
    """The value as a list; `scope` is a space-separated text."""
    if value is None:
        return []
    if isinstance(value, str) and name == "scope":
        return value.split()
    return value if isinstance(value, list) else [value]


def _as_before(value: Any, kept: list[Any]) -> Any:
    if isinstance(value, list):
        return kept
    return " ".join(kept) if isinstance(value, str) else kept[0]
