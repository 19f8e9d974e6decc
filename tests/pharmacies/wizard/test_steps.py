"""The eight documented steps as an enumeration."""

import pytest

from pharmacies.wizard.steps import WizardFacts, WizardStep, current_step, side_list


@pytest.mark.parametrize(
    ("facts", "step"),
    [
        (WizardFacts(), WizardStep.ADDRESS),
        (WizardFacts(address_given=True, code_usable=True), WizardStep.CODE),
        (WizardFacts(address_given=True), WizardStep.NEW_CODE),
        (WizardFacts(certified=True, success_shown=True), WizardStep.DONE),
        (WizardFacts(certified=True), WizardStep.MANAGE),
        (WizardFacts(certified=True, address_given=True, code_usable=True), WizardStep.CODE),
    ],
)
def test_the_step_follows_from_the_facts(facts, step):
    assert current_step(facts) == step


@pytest.mark.parametrize("current", list(WizardStep))
def test_what_is_before_is_done_and_what_is_after_is_to_come(current):
    states = [line.state for line in side_list(current, new_code_used=True)]
    if current is WizardStep.NEW_CODE:
        states[WizardStep.CODE - 1] = "done"  # see below
    assert states == ["done"] * (current - 1) + ["current"] + ["to come"] * (8 - current)


def shown(current, step, **how) -> str:
    return next(line.state for line in side_list(current, **how) if line.step is step)


def test_who_must_ask_for_a_new_code_has_not_done_the_step_of_the_code():
    assert shown(WizardStep.NEW_CODE, WizardStep.CODE) == "to come"
    assert shown(WizardStep.NEW_CODE, WizardStep.ADDRESS) == "done"


@pytest.mark.parametrize("end", [WizardStep.DONE, WizardStep.MANAGE])
def test_a_new_code_that_nobody_asked_for_was_not_needed(end):
    assert shown(end, WizardStep.NEW_CODE) == "not needed"
    assert shown(end, WizardStep.NEW_CODE, new_code_used=True) == "done"
    assert shown(end, WizardStep.CODE) == "done"
