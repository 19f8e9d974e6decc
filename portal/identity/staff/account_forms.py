"""Forms for enrolment, recovery, change of password, and the accounts of the staff."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from portal.identity.known_places import what_is_wrong
from portal.identity.models import User
from portal.identity.models.staff_access import LENGTH
from portal.identity.roles import StaffRole
from portal.identity.staff.login_forms import TotpForm, UnrepeatedInput
from portal.identity.staff.passwords import SHORTEST_PASSWORD, first_fault
from portal.identity.territory import Territory
from portal.values import codice_fiscale


class RecoveryForm(forms.Form):
    code = forms.CharField(
        label="Codice di recupero",
        help_text=f"{LENGTH} lettere e numeri, per esempio AB2CD-EF3GH. Ognuno funziona una volta sola.",
        max_length=30,
        error_messages={"required": "Scrivi uno dei tuoi codici di recupero."},
        widget=UnrepeatedInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )


class NewPasswordField(forms.CharField):
    """The new password; the forms compare it with the present one."""

    def __init__(self, consequence: str) -> None:
        super().__init__(
            label="La tua nuova password",
            help_text=_lazy(
                "Almeno %(number)s caratteri: tre o quattro parole a caso vanno bene, il tuo nome, un anno o «farmacia» no. %(consequence)s"
            )
            % {"number": SHORTEST_PASSWORD, "consequence": consequence},
            max_length=256,
            strip=False,
            error_messages={"required": "Scegli la tua password."},
            widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        )


class EnrolForm(TotpForm):
    """The first code of a new app; also a new password, when the present one is temporary."""

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["code"].label = "Codice che vedi nell’app"
        self.fields["code"].widget.attrs.pop("autofocus", None)
        if user.password_given_at is not None:
            self.fields["new_password"] = NewPasswordField("Prende il posto di quella provvisoria.")

    def clean_new_password(self) -> str:
        return _another(
            str(self.cleaned_data["new_password"]), self.user, "È la password provvisoria: scegline un’altra."
        )


class ChangePasswordForm(TotpForm):
    """Asks for the present password and a code of the app, so that an unattended browser cannot change the password."""

    password = forms.CharField(
        label="La password di adesso",
        max_length=256,
        strip=False,
        error_messages={"required": "Scrivi la password che usi adesso."},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new_password = NewPasswordField("Chiude gli altri tuoi collegamenti.")
    field_order = ("password", "new_password", "code")

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["code"].widget.attrs.pop("autofocus", None)

    def clean_new_password(self) -> str:
        return _another(
            str(self.cleaned_data["new_password"]), self.user, "È la password di adesso: scegline un’altra."
        )


class OperatorForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for mypy only
    """Names, roles and territory of an operator."""

    roles = forms.MultipleChoiceField(
        label="Ruoli",
        help_text="Ogni ruolo permette anche di consultare. Senza ruoli, nessuna pagina si apre.",
        choices=[(role.value, f"{role.value}: {role.label.lower()}") for role in StaffRole],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    whole_nation = forms.BooleanField(
        label=_lazy("Territorio: tutta l’Italia"),
        help_text=_lazy("Vede e tratta le farmacie di ogni regione."),
        required=False,
    )
    territory = forms.CharField(
        label=_lazy("Territorio: solo questi luoghi"),
        help_text=_lazy(
            "I codici di regione (042) o di regione e ASL (010-301), separati da spazi. Senza un territorio l’operatore non vede nessuna farmacia."
        ),
        max_length=400,
        required=False,
        error_messages={"max_length": "Sono troppi codici."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    class Meta:
        model = User
        fields = ("given_name", "family_name")

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        """`by`: the administrator, who cannot assign places or, if limited to a territory, roles that they lack."""
        super().__init__(*args, **kwargs)
        self.by = by
        if not by.territory.is_whole_nation:
            del self.fields["whole_nation"]
            self.fields["territory"].label = _("Territorio")
            roles = self.fields["roles"]
            roles.choices = [choice for choice in roles.choices if choice[0] in by.roles]  # type: ignore[attr-defined]
            roles.error_messages["invalid_choice"] = _("Puoi assegnare solo i ruoli che hai anche tu.")
            self.fields["territory"].help_text = _(
                "I codici di regione (042) o di regione e ASL (010-301), separati da spazi, dentro il tuo territorio: %(places)s."
            ) % {"places": " ".join(by.territory.codes) or by.territory.in_words}
        for name in ("given_name", "family_name"):
            self.fields[name].required = True
            self.fields[name].error_messages["required"] = (
                "Scrivi il nome" if name == "given_name" else "Scrivi il cognome"
            )
        if self.instance.pk:
            self.initial["roles"] = sorted(
                self.instance.groups.filter(name__in=StaffRole.values).values_list("name", flat=True)
            )
            self.initial["territory"] = " ".join(self.instance.territory.codes)
            self.initial["whole_nation"] = self.instance.territory.is_whole_nation

    @property
    def is_for_everywhere(self) -> bool:
        """Whether the administrator chose the whole nation, once the form is valid."""
        return bool(self.cleaned_data.get("whole_nation"))

    def clean_territory(self) -> list[str]:
        codes = str(self.cleaned_data["territory"]).replace(",", " ").replace(";", " ").split()
        if wrong := what_is_wrong(codes):
            raise ValidationError(wrong)
        if codes and self.cleaned_data.get("whole_nation"):
            raise ValidationError(_("Hai scelto tutta l’Italia e anche dei luoghi: lascia una cosa sola."))
        chosen = Territory.chosen(codes, whole_nation=bool(self.cleaned_data.get("whole_nation")))
        if not self.by.territory.contains(chosen):
            raise ValidationError(
                _(
                    "Puoi assegnare solo luoghi del tuo territorio (%(places)s): scrivi almeno un codice, e nessuno fuori."
                ),
                params={"places": " ".join(self.by.territory.codes) or self.by.territory.in_words},
            )
        return sorted(set(codes))


class NewOperatorForm(OperatorForm):
    username = forms.RegexField(
        r"^[a-z0-9][a-z0-9._-]{2,30}$",
        label="Nome utente",
        help_text="Da 3 a 31 lettere minuscole, cifre, punti, trattini. Non si può più cambiare.",
        error_messages={
            "required": "Scrivi il nome utente",
            "invalid": "Il nome utente ha da 3 a 31 lettere minuscole, cifre, punti o trattini",
        },
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    field_order = ("username", "given_name", "family_name", "roles", "whole_nation", "territory")

    def clean_username(self) -> str:
        username = str(self.cleaned_data["username"])
        if codice_fiscale.is_valid(username.upper()):
            raise ValidationError("Un codice fiscale non è un nome utente: le persone entrano con SPID, CIE o TS-CNS.")
        if User.objects.filter(username=username).exists():
            raise ValidationError("Questo nome utente c’è già: scegline un altro")
        return username


def _another(chosen: str, user: User, same: str) -> str:
    """The validated password. Raises ValidationError; `same` is its message for the present password."""
    if user.check_password(chosen):
        raise ValidationError(same)
    if fault := first_fault(chosen, user):
        raise fault
    return chosen
