"""One redirect back, replayed many times at the same instant."""

import pytest
from django.test import Client

from portal.identity.models import LoginRecord
from tests.identity.providers.oidc import door
from tests.parallel import in_parallel

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def test_of_eight_parallel_replays_one_comes_in(client):
    fields = door.begin(client)
    browser = client.cookies["accesso"].value

    def send() -> int:
        replay = Client()
        replay.cookies["accesso"] = browser
        return door.bring(replay, fields).status_code

    assert sorted(in_parallel([send] * 8)) == [302] + [400] * 7
    outcomes = sorted(LoginRecord.objects.values_list("outcome", flat=True))
    assert outcomes == ["ok"] + ["replayed"] * 7
