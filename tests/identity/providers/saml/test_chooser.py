"""«Entra con SPID»: the loaded identity providers, on a page without JavaScript."""

import re

import pytest

from tests.identity.providers.saml import forge

CHOOSE = "/accesso/"


def names(client) -> list[str]:
    return re.findall(r'name="gestore" value="([^"]+)"', client.get(CHOOSE).content.decode())


@pytest.fixture
def twelve(settings) -> set[str]:
    return {forge.registered(settings.IDENTITY_METADATA, f"gestore{number}").entity_id for number in range(12)}


def test_each_provider_that_is_loaded_is_a_button(client, twelve) -> None:
    assert set(names(client)) == twelve


def test_their_order_changes_from_one_look_to_the_next(client, twelve) -> None:
    assert len({tuple(names(client)) for _ in range(5)}) > 1


def test_the_three_official_links_stand_below(client, twelve) -> None:
    page = client.get(CHOOSE).content.decode()
    for words in ("Maggiori informazioni", "Non hai SPID?", "Serve aiuto?"):
        assert page.count(words) == 1


def test_a_button_begins_the_login_with_that_provider(client, alfa, beta) -> None:
    assert set(names(client)) == {alfa.entity_id, beta.entity_id}
    forge.ask(client, beta)


def test_a_single_provider_needs_no_choosing(client, alfa) -> None:
    assert names(client) == []
    assert client.post("/accesso/spid/avvia/").status_code == 302


def test_with_nobody_loaded_the_page_says_so_and_offers_no_button(client) -> None:
    page = client.get(CHOOSE).content.decode()
    assert "Al momento non si può entrare con SPID." in page
    assert "Al momento non si può entrare con CIE." in page


def test_who_was_refused_chooses_again(client, alfa, beta) -> None:
    page = client.post("/accesso/spid/ritorno/", {"RelayState": "x", "SAMLResponse": ""}).content.decode()
    assert f'value="{alfa.entity_id}"' in page
    assert "Riprova con SPID" in page


def test_a_logo_that_the_deployment_adds_takes_the_place_of_the_name(client, alfa, beta, settings, tmp_path) -> None:
    (tmp_path / "gestori").mkdir()
    (tmp_path / "gestori" / "alfa.example.svg").write_text("<svg/>", encoding="utf-8")
    settings.IDENTITY_ASSETS = str(tmp_path)
    page = client.get(CHOOSE).content.decode()
    assert '<img src="/static/identity/gestori/alfa.example.svg" alt="https://alfa.example"' in page
    assert ">https://beta.example</button>" in page
