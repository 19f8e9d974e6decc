"""CIE by OpenID Connect through the stub: chooser, provider, tokens fetched aside, portal."""

import pytest

from portal.identity.models import User
from tests.conftest import ANNA
from tests.identity.oidc import door

pytestmark = pytest.mark.django_db


def test_a_person_comes_in(client):
    response = door.enter(client, next_url="/servizi/4512/sicurezza/")
    assert response.status_code == 302
    assert response["Location"] == "/servizi/4512/sicurezza/"
    assert client.session["identity_with"] == "CIE livello 2"
    assert User.objects.get().codice_fiscale == ANNA
