"""The frame of a pharmacy's pages: the current place, the pharmacy, the navigation."""

import re
from datetime import UTC, datetime

import pytest

from pharmacies.models import Office

PAGES = ["", "sicurezza/", "sicurezza/gestione-mail/", "id-sessione/", "avvisi/", "registro/"]


@pytest.mark.parametrize("page", PAGES)
def test_every_page_of_a_pharmacy_says_which_one_it_is(anna_client, certified, page):
    text = anna_client.get(f"/servizi/4512/{page}").content.decode()
    assert "Farmacia San Marco" in text
    assert "Via Roma 12, Trento (TN)" in text


@pytest.mark.parametrize("page", PAGES)
def test_the_left_menu_marks_the_page_that_is_open(anna_client, certified, page):
    text = anna_client.get(f"/servizi/4512/{page}").content.decode()
    assert f'<a href="/servizi/4512/{page}" aria-current="page">' in text


@pytest.mark.parametrize("page", PAGES)
def test_every_page_of_a_pharmacy_has_one_heading_and_nothing_inline(anna_client, certified, page):
    text = anna_client.get(f"/servizi/4512/{page}").content.decode()
    assert len(re.findall("<h1", text)) == 1
    assert not re.search(r"""\sstyle=|\son[a-z]+=["']|<style|<script(?![^>]+\bsrc=)""", text)


def test_who_has_one_pharmacy_is_not_asked_to_change_it(anna_client):
    assert "Cambia farmacia" not in anna_client.get("/servizi/4512/").content.decode()


def test_who_has_two_pharmacies_may_change(anna, anna_client, al_redentore):
    Office.objects.create(
        pharmacy=al_redentore,
        codice_fiscale=anna.codice_fiscale,
        role=Office.Role.DIRETTORE,
        since=datetime(2020, 1, 1, tzinfo=UTC),
    )
    assert "Cambia farmacia" in anna_client.get("/servizi/4512/").content.decode()


def test_a_stranger_sees_no_frame_of_a_pharmacy(dario_client, san_marco):
    answer = dario_client.get("/servizi/4512/")
    assert answer.status_code == 404
    assert "San Marco" not in answer.content.decode()
