"""The web service while an attacker guesses the utenza's password from many addresses."""

from django.utils import timezone

from sessions.ids import issuing
from sessions.models import Context

SHOP, ELSEWHERE = "192.0.2.7", "203.0.113.1"


def attack(gest) -> None:
    right, gest.password = gest.password, "sbagliata"
    for number in range(30):
        gest.post(gest.message("create"), REMOTE_ADDR=f"198.51.100.{number}")
    gest.password = right


def test_the_shop_where_ids_arrive_goes_on(gest) -> None:
    assert gest.post(gest.message("create"), REMOTE_ADDR=SHOP).done
    attack(gest)
    assert gest.post(gest.message("create"), REMOTE_ADDR=SHOP).done
    assert gest.post(gest.message("create"), REMOTE_ADDR=ELSEWHERE).status == 401


def test_an_id_that_the_portal_gave_may_be_asked_about_and_revoked_from_anywhere(gest, utenza) -> None:
    attack(gest)
    plain = issuing.issue(utenza, Context.objects.usual(), timezone.now()).plain
    assert gest.post(gest.message("create"), REMOTE_ADDR=SHOP).status == 401
    assert gest.post(gest.message("checkToken", token=plain), REMOTE_ADDR=SHOP).done
    assert gest.post(gest.message("revoke", token=plain), REMOTE_ADDR=SHOP).done
    assert gest.post(gest.message("checkToken", token=plain), REMOTE_ADDR=SHOP).status == 401
