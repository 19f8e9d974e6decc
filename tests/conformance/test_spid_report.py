"""`make test-spid` finds what the official tool's report hides."""

from typing import Any

import pytest

from tests.conformance.spid.report import PROFILES, judged


def _checks(count: int) -> list[dict[str, Any]]:
    return [{"test_id": "", "test": f"check {n}", "result": "success", "value": ""} for n in range(count)]


def _answers(count: int) -> list[dict[str, Any]]:
    return [
        {"test_id": str(n), "test": f"Test [{n}]", "result": "success", "value": "[http status_code: 403]"}
        for n in range(count)
    ]


@pytest.fixture
def report() -> dict[str, Any]:
    """The report of a run without faults."""
    return {
        "test": {
            "sp": {
                "metadata_extra": {"SpidSpMetadataCheckExtra": _checks(105)},
                "authnrequest_extra": {"SpidSpAuthnReqCheckExtra": _checks(44)},
                "response": {"SpidSpResponseCheck": _answers(111)},
            }
        }
    }


def _found(report: dict[str, Any]) -> dict[str, Any]:
    return report["test"]["sp"]


def test_a_whole_run_without_a_failure_is_right(report) -> None:
    verdict = judged("spid-sp-public", report)
    assert verdict.wrong == []
    assert verdict.executed == {"metadata": 105, "authnrequest": 44, "response": 111}


def test_a_crash_of_ours_is_wrong_though_the_tool_calls_it_a_success(report) -> None:
    _found(report)["response"]["SpidSpResponseCheck"][7]["value"] = "[http status_code: 500]"
    assert judged("spid-sp-public", report).wrong == ["Test [7]: [http status_code: 500]"]


def test_a_failed_check_of_the_tool_is_wrong(report) -> None:
    _found(report)["metadata_extra"]["SpidSpMetadataCheckExtra"][0]["result"] = "failure"
    assert judged("spid-sp-public", report).wrong == ["check 0: "]


@pytest.mark.parametrize("category", ["metadata_extra", "authnrequest_extra", "response"])
def test_a_category_that_did_not_run_is_wrong(report, category) -> None:
    del _found(report)[category]
    assert len(judged("spid-sp-public", report).wrong) == 1


def test_fewer_answers_than_the_tool_has_are_wrong(report) -> None:
    _found(report)["response"]["SpidSpResponseCheck"].pop()
    assert judged("spid-sp-public", report).wrong == ["response: 110 answers sent, 111 expected"]


def test_the_same_answer_twice_does_not_stand_for_another(report) -> None:
    answers = _found(report)["response"]["SpidSpResponseCheck"]
    answers[-1] = answers[0]
    assert judged("spid-sp-public", report).wrong == ["response: 110 answers sent, 111 expected"]


@pytest.mark.parametrize("profile", PROFILES)
def test_an_empty_report_is_wrong(profile) -> None:
    assert len(judged(profile, {}).wrong) == 3
