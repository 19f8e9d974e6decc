"""The form of «Correggi il luogo»: region, province and ASL, where nothing else says them; and why."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pharmacies.models import AslOfComune, Pharmacy, PlaceCorrection, Utenza
from pharmacies.places.comuni import comuni
from pharmacies.places.keeping import says_all
from pharmacies.places.regions import regions
from pharmacies.places.resolving import is_region_said
from portal.identity.territory import Territory
from sessions.staff.reason import ReasonForm

UNCHANGED = ("", gettext_lazy("Non corretta"))


class PlaceForm(ReasonForm):
    """`removes`: the operator pressed «Togli la correzione». A field that the register says is not in the form."""

    asl = forms.CharField(
        label=gettext_lazy("Codice della ASL"),
        max_length=3,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric", "list": "asl"}),
    )

    def __init__(self, pharmacy: Pharmacy, territory: Territory, data: Any, correction: PlaceCorrection | None) -> None:
        now = correction or PlaceCorrection()
        super().__init__(data, initial={"regione": now.region_code, "provincia": now.province, "asl": now.asl_code})
        self.pharmacy, self.territory = pharmacy, territory
        self.removes = bool(data and "togli" in data)
        own = territory.regions | {region for region, _asl in territory.asl}
        if not is_region_said(pharmacy.doubts):
            choices = [(code, name.title()) for code, name in regions().items() if not own or code in own]
            self.fields["regione"] = forms.ChoiceField(
                label=_("Regione"), choices=[UNCHANGED, *choices], required=False,
                error_messages={"invalid_choice": _("Scegli una regione tra quelle elencate")},
            )  # fmt: skip
        if not says_all(pharmacy):
            siglas = sorted({province for province, region in comuni().provinces.values() if self._is_possible(region)})
            self.fields["provincia"] = forms.ChoiceField(
                label=_("Provincia"), choices=[UNCHANGED, *((sigla, sigla) for sigla in siglas)], required=False,
                error_messages={"invalid_choice": _("Scegli una provincia tra quelle elencate")},
            )  # fmt: skip
        self.order_fields(["regione", "provincia", "asl", "motivo"])
        self.fields["asl"].help_text = _("Tre cifre, per esempio 204. Vuoto: nessuna correzione.")
        self.fields["motivo"].help_text = _("Come lo sai. Lo leggono gli altri operatori.")

    def asl_known(self, region: str) -> dict[str, str]:
        """The ASL of a region that the table of the comuni or an utenza names: code and name."""
        table = AslOfComune.objects.filter(region_code=region).order_by().values_list("asl_code", "asl_name").distinct()
        utenze = Utenza.objects.filter(codice_regione=region, disabled_at=None).order_by()
        return dict.fromkeys(utenze.values_list("codice_asl", flat=True).distinct(), "") | dict(table)

    def clean_asl(self) -> str:
        asl = str(self.cleaned_data["asl"]).strip()
        if asl and not self.removes and not re.fullmatch(r"[0-9]{1,3}", asl):
            raise forms.ValidationError(_("Il codice della ASL è di tre cifre, per esempio 204"))
        return asl.zfill(3) if asl else ""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.removes:
            return cleaned
        region, province, asl = self.chosen
        effective = region or self.pharmacy.region_code
        if province and (province, effective) not in comuni().provinces.values():
            self.add_error("provincia", _("Questa provincia non è nella regione: controlla tutte e due"))
        if asl and not effective:
            self.add_error("asl", _("Scegli prima la regione: i codici delle ASL si ripetono da una regione all’altra"))
        elif asl and "asl" not in self.errors:
            self._check_asl(effective, asl)
        return cleaned

    @property
    def chosen(self) -> tuple[str, str, str]:
        """Region, province and ASL of the correction; three times "" to remove it."""
        if self.removes:
            return "", "", ""
        region, province, asl = (str(self.cleaned_data.get(name, "")) for name in ("regione", "provincia", "asl"))
        return region, province, asl

    def _check_asl(self, region: str, asl: str) -> None:
        known = self.asl_known(region)
        if known and asl not in known:
            several = ", ".join(f"{code} {name}".strip() for code, name in sorted(known.items()))
            self.add_error("asl", _("Questa ASL non è nella regione. Ci sono: %(several)s") % {"several": several})
        elif not self.territory.contains(Territory(asl=frozenset({(region, asl)}))):
            self.add_error("asl", _("Questa ASL è fuori dal tuo territorio"))

    def _is_possible(self, region: str) -> bool:
        if is_region_said(self.pharmacy.doubts):
            return region == self.pharmacy.region_code
        return not self.territory.regions or region in self.territory.regions
