"""The nouns of sites in sentences, forms and lists."""

from datetime import timedelta

import pytest
from django import forms
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from pharmacies import site_words
from pharmacies.models import Office, Pharmacy
from tests.conftest import make_pharmacy

FARMACIA, PARAFARMACIA = Pharmacy(type=Pharmacy.Type.DISPENSARIO), Pharmacy(type=Pharmacy.Type.PARAFARMACIA)


class SiteWordsForm(forms.Form):
    ora = forms.ChoiceField(
        label="Quando è aperta la %(noun)s?",
        help_text="Gli orari della %(noun)s",
        choices=[("si", "la %(noun)s è aperta"), ("no", "è chiusa")],
        error_messages={"required": "Scrivi gli orari della %(noun)s"},
    )


def test_a_sentence_takes_the_noun_and_keeps_its_other_placeholders() -> None:
    assert site_words.about("La %(noun)s ha %(n)s utenze", PARAFARMACIA) == "La parafarmacia ha %(n)s utenze"
    assert site_words.about("La %(noun)s", None) == "La farmacia"


def test_a_form_takes_the_noun_everywhere() -> None:
    form = SiteWordsForm({})
    site_words.fill(form, PARAFARMACIA)
    page = str(form)
    assert page.count("parafarmacia") == 4
    assert "%(noun)s" not in page


@pytest.mark.parametrize(
    ("sites", "one", "many"),
    [
        ([], "farmacia", "farmacie"),
        ([FARMACIA, FARMACIA], "farmacia", "farmacie"),
        ([PARAFARMACIA], "parafarmacia", "parafarmacie"),
        ([PARAFARMACIA, FARMACIA], "farmacia o parafarmacia", "farmacie e parafarmacie"),
    ],
)
def test_several_sites_have_one_word_together(sites, one, many) -> None:
    assert (site_words.of_one(sites), site_words.of_many(sites)) == (one, many)


def test_a_person_whose_office_at_a_parafarmacia_ended_reads_its_noun(dario, dario_client: Client) -> None:
    site, now = make_pharmacy("P20001", "Al Ponte", type=Pharmacy.Type.PARAFARMACIA), timezone.now()
    Office.objects.create(
        pharmacy=site, codice_fiscale=dario.codice_fiscale, role=Office.Role.DELEGATE, since=now - timedelta(days=9),
        until=now - timedelta(days=1),
    )  # fmt: skip
    answer = dario_client.get(reverse("pharmacies:overview", args=["P20001"]))
    assert answer.status_code == 404
    assert "Non operi più per questa parafarmacia" in answer.content.decode()
