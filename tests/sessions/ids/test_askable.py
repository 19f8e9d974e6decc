"""Of which contexts a site may ask for ids: a row of its type decides, on the page, by the service, and for nobody's live id."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.urls import reverse
from django.utils import timezone

from pharmacies.models import MailCertification, Pharmacy, Utenza
from sessions.ids import askable, issuing, revoking
from sessions.ids.issuing_refused import ContextNotForSite
from sessions.models import AskableContext, Context, IdSessione
from tests.sessions.conftest import MORNING
from tests.sessions.staff.conftest import words

PARAFARMACIA = Pharmacy.Type.PARAFARMACIA
filled = import_module("sessions.migrations.0007_askable_contexts")


@pytest.fixture
def white(db) -> Context:
    return Context.objects.get(contesto="RICETTA-BIANCA", applicazione="EROGATORE")


@pytest.fixture
def parafarmacia(san_marco: Pharmacy) -> Pharmacy:
    """Anna's site becomes a parafarmacia."""
    san_marco.type = PARAFARMACIA
    san_marco.save()
    return san_marco


def names(pharmacy: Pharmacy) -> list[str]:
    return [str(row) for row in Context.objects.askable_by(pharmacy).order_by("pk")]


def test_the_shipped_rows_give_a_parafarmacia_the_ricetta_bianca_alone(san_marco) -> None:
    everything = [str(row) for row in Context.objects.order_by("pk")]
    for kind in Pharmacy.Type:
        san_marco.type = kind
        assert names(san_marco) == (["RICETTA-BIANCA EROGATORE"] if kind == PARAFARMACIA else everything)


def test_the_migration_gives_existing_contexts_the_same_rows(white) -> None:
    before = set(AskableContext.objects.values_list("context", "type"))
    AskableContext.objects.all().delete()
    filled.fill(apps, None)
    assert set(AskableContext.objects.values_list("context", "type")) == before


def test_the_migration_finds_the_ricetta_bianca_under_another_code(white) -> None:
    assert filled.is_white(Context(contesto="RBE", applicazione="EROGATORE", title=white.title))
    assert not filled.is_white(Context(contesto="RICETTA-BIANCA", applicazione="PRESCRITTORE"))
    assert not filled.is_white(Context(contesto="RICETTA-DEM", applicazione="EROGATORE"))


def test_a_new_context_is_for_farmacie_until_an_operator_says_more(parafarmacia) -> None:
    row = Context.objects.create(contesto="RICETTA-NERA", applicazione="EROGATORE")
    assert row.askable_types == [kind for kind in Pharmacy.Type if kind != PARAFARMACIA]
    row.save()
    assert row.askable.count() == len(row.askable_types)


def test_the_rule_for_one_context_and_the_rule_for_many_agree(san_marco) -> None:
    for kind in Pharmacy.Type:
        Pharmacy.objects.filter(pk=san_marco.pk).update(type=kind)
        san_marco.refresh_from_db()
        many = set(Context.objects.askable_by(san_marco).values_list("pk", flat=True))
        assert many == {row.pk for row in Context.objects.all() if askable.may_ask(san_marco.pk, row.pk)}


def test_no_id_is_issued_for_a_context_of_others_and_nothing_is_written(
    parafarmacia, utenza, certified, context, white
):
    with pytest.raises(ContextNotForSite):
        issuing.issue(utenza, context, MORNING)
    assert not IdSessione.objects.exists()
    assert issuing.obstacle(utenza, timezone.now(), context) == "ContextNotForSite"
    assert issuing.obstacle(utenza, timezone.now(), white) == ""
    assert issuing.issue(utenza, white, MORNING).id_sessione.context == white


def test_the_page_offers_a_parafarmacia_its_context_and_issues_its_id(
    parafarmacia, utenza, certified, anna_client, context, white
) -> None:
    url = reverse("sessions:manage", args=[parafarmacia.code])
    page = anna_client.get(url).content.decode()
    assert f"utenza={utenza.pk}&amp;uso={white.pk}" in page
    assert "Ricetta SSN" not in page
    ask = reverse("sessions:request", args=[parafarmacia.code])
    assert anna_client.post(ask, {"utenza": utenza.pk, "uso": context.pk}).status_code == 404
    anna_client.post(ask, {"utenza": utenza.pk, "uso": white.pk})
    assert [row.context for row in IdSessione.objects.all()] == [white]


def test_a_farmacia_that_becomes_a_parafarmacia_keeps_its_live_id_and_gets_no_other(
    san_marco, utenza, certified, anna_client, context, white
) -> None:
    row = issuing.issue(utenza, context, timezone.now() - timedelta(minutes=5)).id_sessione
    Pharmacy.objects.filter(pk=san_marco.pk).update(type=PARAFARMACIA)
    assert IdSessione.objects.live(timezone.now()).get() == row
    url = f"{reverse('sessions:manage', args=[san_marco.code])}?utenza={utenza.pk}&uso={context.pk}"
    page = words(anna_client.get(url).content.decode())
    assert f"…{row.last4}" in page
    assert "Per questo tipo di ricetta non si può avere un nuovo ID" in page
    assert "Reinvia lo stesso" in page
    assert "Genera un nuovo ID" not in page
    ask = reverse("sessions:request", args=[san_marco.code])
    refused = anna_client.post(ask, {"utenza": utenza.pk, "uso": context.pk, "confermo": "1"}, follow=True)
    assert "Per questo tipo di ricetta non si può avere un nuovo ID SESSIONE." in words(refused.content.decode())
    assert IdSessione.objects.count() == 1
    after = anna_client.post(reverse("sessions:revoke", args=[san_marco.code, row.pk]), follow=True)
    assert after.status_code == 200
    assert f"L’ID SESSIONE …{row.last4} è revocato" in words(after.content.decode())
    assert anna_client.get(url).status_code == 404


def test_a_live_id_is_revoked_whatever_the_type_says(san_marco, utenza, certified, context, anna) -> None:
    row = issuing.issue(utenza, context, timezone.now()).id_sessione
    AskableContext.objects.all().delete()
    assert revoking.revoke(row, anna, timezone.now())


def test_the_page_says_why_there_is_nothing_to_choose(parafarmacia, utenza, certified, anna_client) -> None:
    AskableContext.objects.filter(type=PARAFARMACIA).delete()
    page = words(anna_client.get(reverse("sessions:manage", args=[parafarmacia.code])).content.decode())
    assert "Nessun tipo di ricetta da scegliere" in page
    assert "che una parafarmacia possa scegliere" in page
    assert "Richiedi gli ID di oggi" not in page


def test_an_utenza_without_a_site_is_not_asked_for_a_type(utenza, context) -> None:
    Utenza.objects.update(pharmacy=None)
    assert askable.may_ask(None, context.pk)


def test_an_address_in_force_is_needed_all_the_same(parafarmacia, utenza, white) -> None:
    assert not MailCertification.objects.exists()
    assert issuing.obstacle(utenza, timezone.now(), white) == "NoCertifiedAddress"
