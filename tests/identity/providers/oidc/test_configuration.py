"""The entity configurations that we publish for ourselves and read from providers."""

from portal.identity.providers.oidc import relying_party
from tests.identity.providers.oidc import forge
from tests.identity.providers.oidc.forge import ANCHOR, OP, ring


def test_our_own_configuration_leads_to_us(client, door_is_real):
    response = client.get("/.well-known/openid-federation")
    assert response["Content-Type"] == "application/entity-statement+jwt"
    claims = forge.jose.verified(response.content.decode(), ring("portale-federazione").keys, forge.STATEMENT)
    ours = claims["metadata"]["openid_relying_party"]
    assert claims["iss"] == claims["sub"] == ours["client_id"] == forge.PORTAL
    assert claims["authority_hints"] == [ANCHOR]
    assert ours["redirect_uris"] == [forge.CALLBACK]
    assert ours["client_registration_types"] == ["automatic"]
    assert [key["use"] for key in ours["jwks"]["keys"]] == ["sig", "enc"]
    assert {key["kid"] for key in claims["jwks"]["keys"]}.isdisjoint(key["kid"] for key in ours["jwks"]["keys"])
    everything = str(claims)
    assert not any(f"'{private}':" in everything for private in ("d", "p", "q", "dp", "dq", "qi"))


def test_the_trust_marks_that_we_were_given_are_published_as_they_are(client, door_is_real, settings):
    mark = forge.jose.signed(
        {"id": "https://federazione.example/rp/public", "sub": forge.PORTAL}, ring("federazione").first
    )
    settings.OIDC_TRUST_MARKS = f"\n{mark}\n"
    claims = forge.jose.unverified(client.get("/.well-known/openid-federation").content.decode())
    assert claims["trust_marks"] == [{"id": "https://federazione.example/rp/public", "trust_mark": mark}]
    assert relying_party.trust_mark(mark)["sub"] == forge.PORTAL


def test_old_and_new_keys_are_published_while_they_change(client, door_is_real, settings):
    settings.OIDC_FEDERATION_KEYS = forge.pem("portale-federazione-nuova") + forge.pem("portale-federazione")
    body = client.get("/.well-known/openid-federation").content.decode()
    claims = forge.jose.verified(body, ring("portale-federazione-nuova").keys)
    assert len(claims["jwks"]["keys"]) == 2


def test_the_chain_in_use_is_told_to_who_asks_and_no_other_is_followed(client, world):
    captured = {"sub": OP, "anchor": ANCHOR}
    response = client.get("/accesso/cie/resolve", captured)
    claims = forge.jose.verified(response.content.decode(), ring("portale-federazione").keys)
    assert (claims["iss"], claims["sub"], len(claims["trust_chain"])) == (forge.PORTAL, OP, 3)
    for other in ({"sub": "https://altro.example"}, {"anchor": "https://altro.example"}):
        assert client.get("/accesso/cie/resolve", captured | other).status_code == 404


def test_without_a_door_by_openid_connect_nothing_is_published(client, settings, db):
    settings.IDENTITY_PROVIDERS = ["portal.identity.providers.saml.Spid"]
    assert client.get("/.well-known/openid-federation").status_code == 404
    assert client.get("/accesso/cie/resolve").status_code == 404
