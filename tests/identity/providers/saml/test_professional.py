"""SPID for professional use: the second button, the Purpose of its request, outcome 30 on both doors, an identity without a person."""

import re

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from lxml import etree

from portal.identity.models import LOGINS, LoginRecord, LoginTransaction, User
from portal.identity.providers import every_alert
from portal.identity.providers.saml import documents, entities
from portal.identity.providers.saml.names import POST, SPID_EXTENSIONS, samlp
from tests.conftest import ANNA
from tests.identity.door import attributes
from tests.identity.providers.saml import forge
from tests.identity.providers.saml.test_metadata import published
from tests.portal.test_every_setting import start  # noqa: F401  a fixture

PURPOSE = f"{{{SPID_EXTENSIONS}}}Purpose"
PERSONAL_BUTTON, PROFESSIONAL_BUTTON = "Entra con SPID", "Entra con SPID per uso professionale"


@pytest.fixture
def switched_on(settings) -> None:
    settings.SPID_PROFESSIONAL = True


@pytest.fixture
def professional(client, alfa, beta, switched_on) -> forge.CapturedRequest:
    """Anna's browser is at Alfa with a request of the second button."""
    return forge.ask(client, alfa, professional=True)


def listing(folder, name: str, *purposes: str, parent: str = "md:Extensions") -> forge.Registered:
    """Registers a provider whose metadata list these purposes, as the registry writes them."""
    provider = forge.registered(folder, name)
    prefix, element = parent.split(":")
    space = {"md": "urn:oasis:names:tc:SAML:2.0:metadata", "saml2p": "urn:oasis:names:tc:SAML:2.0:protocol"}[prefix]
    lines = "".join(f"<Purpose> {purpose} </Purpose>" for purpose in purposes)
    extensions = (
        f'<{prefix}:{element} xmlns:{prefix}="{space}" xmlns:spid="{SPID_EXTENSIONS}"><spid:SupportedPurposes>{lines}'
        f"</spid:SupportedPurposes></{prefix}:{element}>"
    )
    file = folder / "spid" / f"{name}.xml"
    root = etree.fromstring(file.read_bytes())
    root.insert(0, etree.fromstring(extensions))
    file.write_bytes(etree.tostring(root))
    return provider


def behind(page: str, address: str) -> set[str]:
    """The providers in the form of this address."""
    form = page.split(f'action="{address}"')[1].split("</form>")[0]
    return set(re.findall(r'name="gestore" value="https://(\w+)\.example"', form))


def the_professional_address() -> str:
    return reverse("identity:start_professional", args=["spid"])


# --- the request


@pytest.mark.parametrize("purpose", ["P", "LP", "PG", "PF", "PX"])
def test_the_request_of_the_second_button_carries_the_purpose(client, alfa, switched_on, settings, purpose):
    settings.SPID_PURPOSE = purpose
    request = documents.validate(forge.ask(client, alfa, professional=True).request, "protocol")
    assert request.tag == samlp("AuthnRequest")
    assert [child.tag.rpartition("}")[2] for child in request] == [
        "Issuer", "Extensions", "NameIDPolicy", "RequestedAuthnContext",
    ]  # fmt: skip
    assert [(child.tag, child.text) for child in request.find(samlp("Extensions"))] == [(PURPOSE, purpose)]
    assert b"<samlp:Extensions xmlns:spid=" in etree.tostring(request)
    assert b"<spid:Purpose>" in etree.tostring(request)


def test_the_signed_form_of_the_second_button_is_valid_too(client, settings, switched_on):
    forge.registered(settings.IDENTITY_METADATA, "gamma", binding=POST)
    page = client.post(the_professional_address(), {"gestore": "https://gamma.example"}).content.decode()
    request = documents.validate(documents.parse(forge.decoded(page)), "protocol")
    assert [child.tag.rpartition("}")[2] for child in request][:3] == ["Issuer", "Signature", "Extensions"]


@pytest.mark.parametrize("on", [True, False])
def test_the_ordinary_request_carries_none(client, alfa, settings, on):
    settings.SPID_PROFESSIONAL = on
    request = forge.ask(client, alfa).request
    assert request.find(samlp("Extensions")) is None
    assert request.find(f".//{PURPOSE}") is None


def test_both_requests_ask_for_the_same_level_and_the_same_attributes(client, alfa, switched_on):
    ordinary, professional = forge.ask(client, alfa).request, forge.ask(client, alfa, professional=True).request
    professional.remove(professional.find(samlp("Extensions")))
    for request in (ordinary, professional):
        del request.attrib["ID"], request.attrib["IssueInstant"]
    assert etree.tostring(ordinary, method="c14n2") == etree.tostring(professional, method="c14n2")


@pytest.mark.parametrize("purpose", ["XX", "PX", "", "<b>", "P&P", "P" * 5000])
def test_a_purpose_that_the_browser_sends_changes_nothing(client, alfa, switched_on, purpose):
    for address, carried in ((reverse("identity:start", args=["spid"]), None), (the_professional_address(), "P")):
        sent = {"gestore": alfa.entity_id, "purpose": purpose, "SPID_PURPOSE": purpose}
        request = forge.request_in(client.post(f"{address}?purpose=XX", sent)["Location"])
        assert request.findtext(f".//{PURPOSE}") == carried


def test_the_metadata_of_the_portal_are_the_same_with_and_without_it(client, settings):
    before = published(client).get("ID")
    settings.SPID_PROFESSIONAL = True
    assert published(client).get("ID") == before


# --- the setting


def test_it_is_off_unless_it_is_switched_on(start):  # noqa: F811
    read = start({})
    assert (read["SPID_PROFESSIONAL"], read["SPID_PURPOSE"]) == (False, "P")
    with pytest.raises(ImproperlyConfigured, match="SPID_PURPOSE must be one of: P, LP, PG, PF, PX"):
        start({"SPID_PURPOSE": "XX"})


def test_switched_off_there_is_no_button_and_no_address(client, alfa, beta):
    assert PROFESSIONAL_BUTTON not in client.get(reverse("identity:choose")).content.decode()
    for method in (client.get, client.post):
        assert method(the_professional_address(), {"gestore": alfa.entity_id}).status_code == 404
    assert not LoginTransaction.objects.exists()


def test_the_other_ways_in_have_no_second_button(client, switched_on, settings, alfa):
    forge.registered(settings.IDENTITY_METADATA, "ministero", "cie")
    for key in ("cie", "ts-cns", "boh"):
        assert client.post(reverse("identity:start_professional", args=[key])).status_code == 404


def test_switched_on_there_are_two_buttons_with_their_own_lists(client, alfa, beta, switched_on):
    page = client.get(reverse("identity:choose"), {"next": "/servizi/"}).content.decode()
    assert f">{PERSONAL_BUTTON}</span>" in page
    assert f">{PROFESSIONAL_BUTTON}</span>" in page
    assert behind(page, reverse("identity:start", args=["spid"])) == {"alfa", "beta"}
    assert behind(page, the_professional_address()) == {"alfa", "beta"}
    assert len(set(re.findall(r' id="(gestore-[\w-]+)"', page))) == page.count(' id="gestore-') == 2
    assert page.count('name="next" value="/servizi/"') == 2  # of CIE no provider is loaded here


def test_the_second_button_needs_a_token_and_a_post(alfa, switched_on):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(the_professional_address(), {"gestore": alfa.entity_id}).status_code == 403
    assert strict.get(the_professional_address()).status_code == 405


# --- the providers behind the second button


def test_a_provider_whose_metadata_list_other_purposes_is_not_behind_it(client, settings, switched_on):
    folder = settings.IDENTITY_METADATA
    forge.registered(folder, "silent")
    listing(folder, "whole", "P", "LP", "PG", "PF", "PX")
    listing(folder, "older", "P", parent="saml2p:Extensions")
    listing(folder, "firms", "PG", "LP")
    listing(folder, "none")
    page = client.get(reverse("identity:choose")).content.decode()
    assert behind(page, the_professional_address()) == {"silent", "whole", "older"}
    assert behind(page, reverse("identity:start", args=["spid"])) == {"silent", "whole", "older", "firms", "none"}
    for name in ("firms", "none"):
        response = client.post(the_professional_address(), {"gestore": f"https://{name}.example"})
        assert response.status_code == 400
        assert "Scegli il tuo gestore" in response.content.decode()
        assert forge.ask(client, forge.Registered(f"https://{name}.example", forge.pair(name)))


def test_where_nobody_offers_it_the_page_and_the_operator_know(client, settings, switched_on):
    listing(settings.IDENTITY_METADATA, "firms", "PG")
    page = client.get(reverse("identity:choose")).content.decode()
    assert "Al momento non si può entrare con SPID per uso professionale." in page
    assert client.post(the_professional_address()).status_code == 400
    assert "SPID_PROFESSIONAL" in " ".join(str(alert) for alert in every_alert(timezone.now()))
    settings.SPID_PURPOSE = "PG"
    assert "SPID_PROFESSIONAL" not in " ".join(str(alert) for alert in every_alert(timezone.now()))


def test_metadata_that_list_no_purposes_offer_all():
    [provider] = entities.read(forge.metadata("https://a.example", [forge.pair("a").certificate]))
    assert provider.purposes is None
    assert provider.offers("PX")


# --- the answer


def test_an_answer_to_the_second_button_is_accepted_as_an_ordinary_one(professional):
    more = {
        "companyName": "Farmacia Rossi srl",
        "companyFiscalNumber": "TINIT-01234567897",
        "ivaCode": "VATIT-01234567897",
    }
    professional.accepted(professional.signed(attributes=attributes(**more)))
    assert User.objects.get().codice_fiscale == ANNA
    assert professional.client.session["identity_with"] == "SPID livello 2"
    record = LoginRecord.objects.get()
    assert (record.provider, record.purpose, record.outcome) == ("spid", "P", "ok")
    LOGINS.seal(timezone.now())
    assert LOGINS.verify(timezone.now()).holds
    LoginRecord.objects.update(purpose="")
    assert not LOGINS.verify(timezone.now()).holds


def test_an_answer_to_the_first_button_is_recorded_without_a_purpose(captured):
    captured.accepted(captured.signed())
    assert LoginRecord.objects.get().purpose == ""


def test_sicurezza_sees_which_button_it_was(professional, operator):
    professional.accepted(professional.signed())
    page = operator("sicurezza").post("/operatori/accessi/", {"codice_fiscale": ANNA, "motivo": "Richiesta 12/2026"})
    assert "SPID per uso professionale (P), livello 2" in page.content.decode()
    assert "&lt;spid:Purpose&gt;P" in page.content.decode()


def test_an_answer_to_the_second_button_passes_the_same_checks(professional):
    professional.refused(professional.signed(level=1))
    assert LoginRecord.objects.get().purpose == "P"


def test_an_answer_that_comes_after_the_switch_was_turned_off_is_still_good(professional, settings):
    settings.SPID_PROFESSIONAL = False
    professional.accepted(professional.signed())


@pytest.mark.parametrize(
    "said",
    [
        {"companyName": "Farmacia Rossi srl", "companyFiscalNumber": "TINIT-01234567897"},
        attributes(fiscalNumber=""),
        attributes(fiscalNumber="TINIT-01234567897"),
        attributes(fiscalNumber="VATIT-01234567897"),
        {"name": "", "familyName": "", "fiscalNumber": "", "companyName": "Farmacia Rossi srl"},
    ],
)
def test_an_identity_of_a_company_without_a_person_is_refused_with_a_sentence(professional, said):
    page = professional.refused(professional.signed(attributes=said)).content.decode()
    assert "Questa identità è di un’impresa, non di una persona" in page
    assert "codice fiscale di chi entra" in page
    assert LoginRecord.objects.get().outcome == "legal-person"
    assert not User.objects.exists()


def test_such_an_identity_is_refused_at_the_first_button_too(captured):
    company = {"companyName": "Farmacia Rossi srl", "ivaCode": "VATIT-01234567897"}
    assert "non di una persona" in captured.refused(captured.signed(attributes=company)).content.decode()


# --- outcome 30


def test_outcome_30_at_the_first_button_leads_to_the_second(captured, switched_on):
    page = captured.refused(captured.signed(error="30")).content.decode()
    assert f"premi qui sotto «{PROFESSIONAL_BUTTON}»" in page
    assert f">{PROFESSIONAL_BUTTON}</span>" in page
    assert "Riprova con SPID</span>" in page
    assert behind(page, the_professional_address()) == {"alfa", "beta"}
    assert LoginRecord.objects.get().outcome == "30"


def test_outcome_30_at_the_second_button_leads_to_the_first(professional):
    page = professional.refused(professional.signed(error="30")).content.decode()
    assert "Questa identità non è per uso professionale" in page
    assert f"premi qui sotto «{PERSONAL_BUTTON}»" in page
    assert f">{PERSONAL_BUTTON}</span>" in page
    assert "Riprova con SPID per uso professionale</span>" in page
    assert "SPID per uso professionale 30</dd>" in page
    assert behind(page, reverse("identity:start", args=["spid"])) == {"alfa", "beta"}
    record = LoginRecord.objects.get()
    assert (record.outcome, record.purpose) == ("30", "P")


def test_outcome_30_without_a_second_button_names_none(captured):
    page = captured.refused(captured.signed(error="30")).content.decode()
    assert "Entra con la tua identità personale" in page
    assert "professionale" not in page


def test_a_refused_answer_keeps_the_page_that_was_wanted_at_both_buttons(client, alfa, switched_on):
    at_alfa = forge.ask(client, alfa, next_url="/servizi/4512/", professional=True)
    page = at_alfa.refused(at_alfa.signed(error="30")).content.decode()
    assert page.count('name="next" value="/servizi/4512/"') == 2
