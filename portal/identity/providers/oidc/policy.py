"""What a superior in the federation lets the metadata of those below say. Source: OpenID Federation 1.0, section 6.1."""

from collections.abc import Mapping
from typing import Any

Policy = Mapping[str, Mapping[str, Any]]  # parameter → operator → value
_LISTS = ("add", "one_of", "subset_of", "superset_of")
_KNOWN = {"value", "default", "essential", *_LISTS}


class PolicyViolated(Exception):
    """The metadata are not as a superior wants them, or two superiors contradict each other; `str()` says where."""


def checked(policy: Any) -> Policy:
    """The policy when it has the form of one, without operators that we do not know. Raises PolicyViolated."""
    if not isinstance(policy, dict):
        raise PolicyViolated("not a policy")
    found: dict[str, dict[str, Any]] = {}
    for name, operators in policy.items():
        if not isinstance(operators, dict):
            raise PolicyViolated(name)
        if any(not isinstance(operators[each], list) for each in _LISTS if each in operators):
            raise PolicyViolated(name)
        found[name] = {each: value for each, value in operators.items() if each in _KNOWN}
    return found


def combined(above: Policy, below: Policy) -> Policy:
    """Both at once: who stands below may only be stricter. Raises PolicyViolated."""
    return {name: _both(name, above.get(name, {}), below.get(name, {})) for name in {**above, **below}}


def applied(policy: Policy, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata as the policy wants them: filled in, cut down, or refused. Raises PolicyViolated."""
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
    for each in above.keys() & below.keys():
        if each in ("value", "default") and above[each] != below[each]:
            raise PolicyViolated(f"{name}: two superiors want another {each}")
        if each in ("one_of", "subset_of"):
            result[each] = [one for one in above[each] if one in below[each]]
        if each in ("add", "superset_of"):
            result[each] = [*above[each], *(one for one in below[each] if one not in above[each])]
        if each == "essential":
            result[each] = bool(above[each] or below[each])
    if "one_of" in result and not result["one_of"]:
        raise PolicyViolated(f"{name}: two superiors leave nothing to choose")
    return result


def _one(name: str, value: Any, operators: Mapping[str, Any]) -> Any:
    """One parameter through its operators, in the order of the specification; None when it is not there."""
    if "value" in operators:
        value = operators["value"]
    if "add" in operators:
        value = [*_list(name, value), *(one for one in operators["add"] if one not in _list(name, value))]
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
        kept = [one for one in _list(name, value) if one in operators["subset_of"]]
        value = _as_before(value, kept) if kept else None
    if "superset_of" in operators:
        has = _list(name, value)
        if any(one not in has for one in operators["superset_of"]):
            raise PolicyViolated(f"{name} lacks what it must have")
    return value


def _list(name: str, value: Any) -> list[Any]:
    """`scope` is a list written as one text."""
    if value is None:
        return []
    if isinstance(value, str) and name == "scope":
        return value.split()
    return value if isinstance(value, list) else [value]


def _as_before(value: Any, kept: list[Any]) -> Any:
    if isinstance(value, list):
        return kept
    return " ".join(kept) if isinstance(value, str) else kept[0]
