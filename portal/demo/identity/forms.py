"""The form of a stub provider: the provider's name, the person, the level, the outcome and a fault."""

from collections.abc import Sequence
from typing import Any

from django import forms

from portal.demo import people
from portal.demo.identity import openid_faults
from portal.demo.identity.faults import FAULTS, OF_A_COMPANY, SamlFault
from portal.values import codice_fiscale

SOMEBODY_ELSE = "altro"

# Invented names; none belongs to a real identity provider.
SPID_PROVIDERS = (
    "IdentitàSì", "ChiaveCerta", "SonoIo", "PassoSicuro", "FirmaChiara", "Doppia Spunta",
    "Nome&Volto", "Io Confermo", "PortaUnica", "Sigillo", "Quadrifoglio ID", "TimbroBlu",
)  # fmt: skip

LEVELS = (
    ("1", "Livello 1: nome utente e password"),
    ("2", "Livello 2: anche un codice temporaneo o l’app"),
    ("3", "Livello 3: anche una carta o un dispositivo sicuro"),
)
WRONG_FOR_A_PURPOSE = "Uso la mia identità personale (30)"
OUTCOMES = {
    "spid": (
        ("ok", "Tutto bene"),
        ("25", "Annullo io (25)"),
        ("22", "Nego il consenso ai dati (22)"),
        ("21", "Ci metto troppo tempo (21)"),
        ("19", "Sbaglio le credenziali più volte (19)"),
        ("20", "Le mie credenziali hanno un livello troppo basso (20)"),
        ("23", "La mia identità è sospesa (23)"),
        ("30", "Uso un’identità per uso professionale (30)"),
    ),
    "cie": (
        ("ok", "Tutto bene"),
        ("25", "Annullo io (25)"),
        ("22", "Nego il consenso ai dati (22)"),
        ("21", "Ci metto troppo tempo (21)"),
        ("19", "Sbaglio il PIN più volte (19)"),
        ("20", "La mia CIE è attivata a un livello troppo basso (20)"),
        ("23", "La mia CIE è scaduta o revocata (23)"),
    ),
    "cie-oidc": (
        ("ok", "Tutto bene"),
        ("access_denied", "Annullo io, o le credenziali non bastano (access_denied)"),
        ("consent_required", "Nego il consenso ai dati (consent_required)"),
        ("login_required", "Devo autenticarmi di nuovo (login_required)"),
        ("temporarily_unavailable", "Il gestore è fermo (temporarily_unavailable)"),
        ("invalid_request", "La richiesta del portale è sbagliata (invalid_request)"),
    ),
    "ts-cns": (
        ("ok", "Tutto bene"),
        ("25", "Tolgo la tessera dal lettore (25)"),
        ("21", "Ci metto troppo tempo (21)"),
        ("19", "Sbaglio il PIN più volte (19)"),
        ("23", "Il certificato della tessera è scaduto o revocato (23)"),
    ),
}


def faults_of(method: str) -> Sequence[SamlFault | openid_faults.OpenidFault]:
    """Returns the faults of this stub."""
    if method == "cie-oidc":
        return openid_faults.FAULTS
    return (*FAULTS, OF_A_COMPANY) if method == "spid" else FAULTS


class AnswerForm(forms.Form):
    """The choices of one stub provider; only SPID has several providers, and a TS-CNS has one level (3)."""

    gestore = forms.ChoiceField(label="Gestore di identità", choices=[(name, name) for name in SPID_PROVIDERS])
    persona = forms.ChoiceField(label="Chi sei", widget=forms.RadioSelect)
    codice_fiscale = forms.CharField(label="Codice fiscale", max_length=20, required=False)
    nome = forms.CharField(label="Nome", max_length=60, required=False)
    cognome = forms.CharField(label="Cognome", max_length=60, required=False)
    livello = forms.ChoiceField(label="Livello", choices=LEVELS, initial="2", widget=forms.RadioSelect)
    esito = forms.ChoiceField(label="Come finisce", initial="ok", widget=forms.RadioSelect)
    difetto = forms.ChoiceField(
        label="Difetto della risposta",
        required=False,
    )

    def __init__(self, method: str, *args: Any, purpose: str = "", **kwargs: Any) -> None:
        """`purpose`: the one in the portal's request, which changes the words of outcome 30."""
        super().__init__(*args, **kwargs)
        listed = [(person.key, f"{person.full_name}, {person.who}") for person in people.PEOPLE]
        self._choices("persona").choices = [*listed, (SOMEBODY_ELSE, "Un’altra persona: scrivila qui sotto")]
        self._choices("esito").choices = [
            (code, WRONG_FOR_A_PURPOSE if purpose and code == "30" else label) for code, label in OUTCOMES[method]
        ]
        self._choices("difetto").choices = [("", "Nessuno"), *((fault.key, fault.label) for fault in faults_of(method))]
        if method != "spid":
            del self.fields["gestore"]
        if method == "ts-cns":
            del self.fields["livello"]
            del self.fields["difetto"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("persona") == SOMEBODY_ELSE:
            if not codice_fiscale.is_valid(codice_fiscale.normalise(cleaned.get("codice_fiscale", ""))):
                self.add_error("codice_fiscale", "Scrivi un codice fiscale ben formato, di 16 caratteri.")
            for name in ("nome", "cognome"):
                if not cleaned.get(name, "").isprintable() or not cleaned.get(name):  # XML holds no control characters
                    self.add_error(name, f"Scrivi il {name}.")
        return cleaned

    def claims(self) -> dict[str, Any]:
        """Returns the person and the level as claims of the stub's answer."""
        chosen = people.person(self.cleaned_data["persona"])
        if chosen is not None:
            number, given, family = chosen.codice_fiscale, chosen.given_name, chosen.family_name
        else:
            number = codice_fiscale.normalise(self.cleaned_data["codice_fiscale"])
            given, family = self.cleaned_data["nome"], self.cleaned_data["cognome"]
        return {
            "fiscal_number": f"TINIT-{number}",
            "given_name": given,
            "family_name": family,
            "level": int(self.cleaned_data.get("livello", "3")),
        }

    def _choices(self, name: str) -> forms.ChoiceField:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  for the type checker
        return field
