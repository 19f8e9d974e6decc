"""The eight documented steps, and the computation of the current one, which is never stored."""

from dataclasses import dataclass
from enum import IntEnum

from pharmacies.certification.code_facts import CodeFacts


class WizardStep(IntEnum):
    """One documented step: its number, its `title` in the list, the `words` of the official procedure."""

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
    """The facts that decide the step. A person in the wizard has passed steps 1 to 3: login and menu led there."""

    address_given: bool = False  # a request is pending
    code_usable: bool = False  # a code is valid and its letter was not refused
    certified: bool = False
    success_shown: bool = False  # the page shows the success of the certification

    @classmethod
    def of(cls, codes: CodeFacts | None, *, certified: bool) -> "WizardFacts":
        """`codes`: of the request under way; None without a request."""
        return cls(codes is not None, codes is not None and codes.can_arrive, certified)


def current_step(facts: WizardFacts) -> WizardStep:
    """Returns the step that the person must do now."""
    if facts.address_given:
        return WizardStep.CODE if facts.code_usable else WizardStep.NEW_CODE
    if facts.certified:
        return WizardStep.DONE if facts.success_shown else WizardStep.MANAGE
    return WizardStep.ADDRESS


@dataclass(frozen=True)
class StepLine:
    """One line of the side list."""

    step: WizardStep
    state: str  # "done", "current", "to come", "not needed"


def side_list(current: WizardStep, *, new_code_used: bool = False) -> list[StepLine]:
    """Returns the eight steps with their states. `new_code_used`: the person requested a new code."""
    return [StepLine(step, _state(step, current, new_code_used)) for step in WizardStep]


def _state(step: WizardStep, current: WizardStep, new_code_used: bool) -> str:
    if step == current:
        return "current"
    if step is WizardStep.CODE and current is WizardStep.NEW_CODE:
        return "to come"  # no valid code is left: the person will type the next one
    if step is WizardStep.NEW_CODE and step < current and not new_code_used:
        return "not needed"
    return "done" if step < current else "to come"
