"""The eight documented steps, in their words, and which of them a pharmacy is at: computed, never stored."""

from dataclasses import dataclass
from enum import IntEnum


class WizardStep(IntEnum):
    """One documented step: its number, `title` for the list, `words` of the official procedure."""

    title: str
    words: str

    ACCESS = 1, "Accesso", "Autenticarsi con SPID, CIE o TS-CNS"
    SECURITY = 2, "«Servizi on line» e «Sicurezza»", "«Servizi on line», voce «Sicurezza» nel menù a sinistra"
    CERTIFY = 3, "«Certifica mail»", "Link «Certifica mail»"
    ADDRESS = (
        4,
        "Indirizzo e-mail",
        "Indirizzo e-mail (non PEC, possibilmente non gmail, meglio se dedicata) e conferma",
    )
    CODE = 5, "Codice validazione", "«Codice validazione» ricevuto (controllare spam) e conferma"
    NEW_CODE = 6, "«Richiedi un nuovo codice»", "«Richiedi un nuovo codice», se non è arrivato o è scaduto"
    DONE = 7, "Esito", "«La mail è stata validata e registrata con successo»"
    MANAGE = 8, "«Gestione mail certificata»", "«Gestione mail certificata»: «Modifica» e «Revoca»"

    def __new__(cls, number: int, title: str, words: str) -> "WizardStep":
        step = int.__new__(cls, number)
        step._value_ = number
        step.title, step.words = title, words
        return step


@dataclass(frozen=True)
class WizardFacts:
    """What decides the step. Whoever opened the wizard has steps 1 to 3 behind: the guard and the menu brought them there."""

    address_given: bool = False  # and not yet confirmed
    code_usable: bool = False  # one that was sent still holds, and its letter was not refused
    certified: bool = False
    told: bool = False  # on the page that says so


def current_step(facts: WizardFacts) -> WizardStep:
    """The step that waits for the person."""
    if facts.address_given:
        return WizardStep.CODE if facts.code_usable else WizardStep.NEW_CODE
    if facts.certified:
        return WizardStep.DONE if facts.told else WizardStep.MANAGE
    return WizardStep.ADDRESS


@dataclass(frozen=True)
class StepLine:
    """One line of the side list."""

    step: WizardStep
    state: str  # "done", "current", "to come", "not needed"


def side_list(current: WizardStep, *, asked_again: bool = False) -> list[StepLine]:
    """All eight, each done, current, to come, or not needed. `asked_again`: a new code was requested on the way."""
    return [StepLine(step, _state(step, current, asked_again)) for step in WizardStep]


def _state(step: WizardStep, current: WizardStep, asked_again: bool) -> str:
    if step == current:
        return "current"
    if step is WizardStep.CODE and current is WizardStep.NEW_CODE:
        return "to come"  # the code that was sent is no good: one is still to be typed
    if step is WizardStep.NEW_CODE and step < current and not asked_again:
        return "not needed"
    return "done" if step < current else "to come"
