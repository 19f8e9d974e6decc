"""An administrator of a territory acts within it only; two administrators at once never leave the portal without one."""

import pytest
from django.test import Client
from django.utils import timezone

from portal.identity.models import User
from portal.identity.staff import accounts
from portal.identity.territory import NOWHERE, Territory
from portal.journal.models import Entry
from tests.identity.staff.test_operators import ALL, NEW, OLGA, page_of
from tests.parallel import in_parallel

ACTS = ["disabilita/", "riabilita/", "azzera/"]


def staff(name: str, *roles: str, places: tuple[str, ...] = ()) -> User:
    user = User.objects.create_staff(name, "una password lunga", name.title(), "Blu", roles=roles)
    user.limited_to = list(places)
    user.save()
    return user


@pytest.fixture
def regional(operator) -> Client:
    return operator("amministrazione", "assistenza", limited_to=["042"])


@pytest.mark.django_db
@pytest.mark.parametrize("territory", ["", "010", "042 010", "010-301"])
def test_a_regional_administrator_gives_no_place_outside_the_region(regional, territory):
    page = regional.post(NEW, {**OLGA, "territory": territory}).content.decode()
    assert "Puoi assegnare solo luoghi del tuo territorio (042)" in page
    assert not User.objects.filter(username="olga").exists()


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["sicurezza", "lettura"])
def test_a_regional_administrator_gives_no_role_that_they_lack(regional, role):
    page = regional.post(NEW, {**OLGA, "territory": "042", "roles": [role]}).content.decode()
    # every role may grant «lettura»
    assert ("Puoi assegnare solo i ruoli che hai anche tu" in page) == (role != "lettura")
    assert User.objects.filter(username="olga").exists() == (role == "lettura")


@pytest.mark.django_db
def test_inside_the_region_a_regional_administrator_does_everything(regional):
    regional.post(NEW, {**OLGA, "territory": "042 042-301"})
    olga = User.objects.get(username="olga")
    assert "Olga Blu" in regional.get(ALL).content.decode()
    assert regional.post(page_of(olga), {**OLGA, "roles": [], "territory": "042-301"}).status_code == 302
    assert regional.post(page_of(olga, "disabilita/"), {"motivo": "x"}).status_code == 302
    assert regional.post(page_of(olga, "riabilita/"), {"motivo": "x"}).status_code == 302
    assert regional.post(page_of(olga, "azzera/"), {"motivo": "x"}).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("places", [(), ("010",), ("042", "010")])
def test_an_operator_outside_the_territory_does_not_exist(regional, places):
    olga = staff("olga", "assistenza", places=places)
    assert "Olga Blu" not in regional.get(ALL).content.decode()
    for act in ["", *ACTS]:
        assert regional.get(page_of(olga, act)).status_code == 404
        assert regional.post(page_of(olga, act), {**OLGA, "territory": "042", "motivo": "x"}).status_code == 404
    assert not Entry.objects.exists()


@pytest.mark.django_db
def test_an_operator_with_a_role_that_one_lacks_is_seen_and_left_alone(regional):
    olga = staff("olga", "sicurezza", places=("042",))
    assert "Olga Blu" in regional.get(ALL).content.decode()
    for act in ["", *ACTS]:
        answer = regional.post(page_of(olga, act), {**OLGA, "territory": "042", "motivo": "x"})
        assert answer.status_code == 403
        assert "se ne occupa chi amministra tutta l’Italia" in answer.content.decode()
    assert not Entry.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["/operatori/contesti/", "/operatori/contesti/nuovo/", "/operatori/certificati/"])
def test_what_holds_for_the_whole_nation_is_closed_to_a_regional_administrator(regional, operator, page):
    assert "vale per tutta l’Italia" in regional.get(page).content.decode()
    assert [regional.get(page).status_code, regional.post(page, {}).status_code] == [403, 403]
    assert operator("amministrazione").get(page).status_code == 200
    assert page not in regional.get(ALL).content.decode()


@pytest.mark.parametrize(
    ("own", "other", "is_inside"),
    [
        ("", "", True), ("", "042", True), ("042", "", False), ("042", "042", True), ("042", "042-301", True),
        ("042-301", "042-301", True), ("042-301", "042", False), ("042-301", "042-302", False), ("042", "042 010-301", False),
        ("", "nowhere", True), ("042", "nowhere", False), ("042-301", "nowhere", False), ("nowhere", "nowhere", False),
        ("nowhere", "042", False), ("nowhere", "042-301", False), ("nowhere", "", False),
    ],
)  # fmt: skip
def test_which_territory_holds_which(own, other, is_inside):
    territories = [NOWHERE if codes == "nowhere" else Territory.of(codes.split()) for codes in (own, other)]
    assert territories[0].contains(territories[1]) is is_inside


@pytest.mark.django_db
def test_an_administrator_disabled_meanwhile_does_nothing_more():
    ada, bea, olga = staff("ada", "amministrazione"), staff("bea", "amministrazione"), staff("olga")
    accounts.disable(bea, ada, "x", timezone.now())
    with pytest.raises(accounts.NoLongerAdministrator):
        accounts.disable(ada, bea, "x", timezone.now())
    with pytest.raises(accounts.NoLongerAdministrator):
        accounts.create("nuova", ("N", "N"), ["assistenza"], [], bea, timezone.now())
    with pytest.raises(accounts.NoLongerAdministrator):
        accounts.change(olga, ["amministrazione"], [], bea, timezone.now())


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize("act", ["disable", "reset"])
def test_three_administrators_who_act_on_each_other_at_once_leave_one(act):
    circle = [staff(name, "amministrazione") for name in ("ada", "bea", "cleo")]

    def one(number: int) -> str:
        try:
            getattr(accounts, act)(circle[(number + 1) % 3], circle[number], "x", timezone.now())
        except accounts.NoLongerAdministrator:
            return "refused"
        return "done"

    in_parallel([lambda n=n: one(n) for n in range(3)])
    left = User.objects.filter(is_active=True, password_given_at=None, groups__name="amministrazione")
    assert left.exists()


@pytest.mark.django_db
def test_the_page_says_why_when_the_actor_was_disabled_between_the_page_and_the_act(operator):
    client, olga = operator("amministrazione"), staff("olga")
    User.objects.filter(username="oriana-amministrazione").update(password_given_at=timezone.now())
    answer = client.post(page_of(olga, "disabilita/"), {"motivo": "x"})
    assert answer.status_code == 403
    assert "non amministri più gli operatori" in answer.content.decode()
    assert User.objects.get(pk=olga.pk).is_active
