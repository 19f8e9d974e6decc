"""The markup of every form field: label above, hint and error beside it, and their relations for screen readers."""

from django import forms
from django.template.loader import render_to_string


class Sample(forms.Form):
    address = forms.EmailField(label="Indirizzo e-mail", help_text="Non PEC.")
    agreed = forms.BooleanField(label="Ho letto l’avviso")
    when = forms.MultipleChoiceField(
        label="Promemoria",
        help_text="Quanto prima",
        choices=[("60", "60 minuti prima"), ("30", "30 minuti prima")],
        widget=forms.CheckboxSelectMultiple,
    )


def test_the_label_and_the_hint_come_before_the_field():
    html = Sample()["address"].as_field_group()
    assert (
        html.index('<label for="id_address">Indirizzo e-mail</label>') < html.index("Non PEC.") < html.index("<input")
    )


def test_the_field_is_described_by_its_hint_and_its_error():
    html = Sample({})["address"].as_field_group()
    assert 'aria-describedby="id_address_helptext id_address_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_address_helptext"' in html
    assert 'id="id_address_error"' in html


def test_a_checkbox_has_its_words_after_it_once():
    html = Sample()["agreed"].as_field_group()
    assert html.index("<input") < html.index("Ho letto l’avviso")
    assert html.count("Ho letto l’avviso") == 1


def test_a_group_of_choices_is_a_fieldset_with_a_label_for_each():
    html = Sample({})["when"].as_field_group()
    assert "<legend>Promemoria</legend>" in html
    assert 'aria-describedby="id_when_helptext id_when_error"' in html
    assert '<label for="id_when_0">60 minuti prima</label>' in html


def test_the_summary_leads_to_every_field_in_error_and_a_group_has_a_target():
    form = Sample({})
    html = render_to_string("partials/error_summary.html", {"form": form})
    assert 'role="alert"' in html
    assert 'href="#id_address"' in html
    assert 'href="#id_when"' in html
    assert 'id="id_when"' in form["when"].as_field_group()


def test_there_is_no_summary_without_errors():
    assert "problema" not in render_to_string("partials/error_summary.html", {"form": Sample()})


def test_the_icon_of_a_field_in_error_is_in_the_sprite(settings):
    sprite = (settings.BASE_DIR / "portal/static/bi/sprites.svg").read_text(encoding="utf-8")
    assert 'id="it-error"' in sprite
