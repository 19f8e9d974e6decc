"""Invalid tokens and userinfo: none of them signs anybody in."""

import base64
import hmac
import json
from collections.abc import Callable
from hashlib import sha256

import pytest
from django.utils import timezone

from portal.identity.models import LoginRecord
from portal.identity.providers.oidc import jose
from portal.identity.providers.oidc.keys import SIGNING
from tests.identity.providers.oidc import forge


def outcome() -> str:
    return LoginRecord.objects.order_by("-pk").first().outcome


# --- the id_token


@pytest.mark.parametrize(
    ("claim", "value", "expected"),
    [
        ("nonce", "0" * 64, "unsolicited"),
        ("nonce", None, "signature"),
        ("aud", "https://altro.example", "not-for-us"),
        ("aud", [forge.PORTAL, "https://altro.example"], "not-for-us"),
        ("aud", [], "not-for-us"),
        ("aud", None, "not-for-us"),
        ("azp", "https://altro.example", "not-for-us"),
        ("iss", "https://altro.example", "not-asked"),
        ("iss", None, "signature"),
        ("acr", "https://www.spid.gov.it/SpidL1", "20"),
        ("acr", "https://www.spid.gov.it/SpidL9", "malformed"),
        ("acr", None, "signature"),
        ("at_hash", "A" * 22, "signature"),
        ("at_hash", None, "signature"),
        ("sub", None, "signature"),
        ("sub", "un-altro", "signature"),
        ("exp", None, "signature"),
        ("exp", "domani", "signature"),
        ("exp", True, "signature"),
        ("exp", 1e400, "signature"),
        ("iat", None, "signature"),
        ("iat", float("nan"), "signature"),
    ],
)
def test_an_id_token_with_a_wrong_claim(captured, claim, value, expected):
    def spoil(claims: forge.Claims) -> forge.Claims:
        return {name: held for name, held in (claims | {claim: value}).items() if held is not None}

    captured.says(token=spoil).refused()
    assert outcome() == expected


@pytest.mark.parametrize(
    ("claim", "seconds", "expected"),
    [
        ("exp", -1, "answer-expired"), ("iat", 120, "answer-expired"), ("nbf", 120, "answer-expired"),
        ("auth_time", 120, "answer-expired"), ("iat", -120, "stale"), ("auth_time", -120, "stale"),
    ],
)  # fmt: skip
def test_an_id_token_of_another_moment(captured, claim, seconds, expected):
    at = int(timezone.now().timestamp()) + seconds
    captured.says(token=lambda claims: claims | {claim: at}).refused()
    assert outcome() == expected


def unsigned(claims: forge.Claims, alg: str) -> str:
    parts = [json.dumps(part).encode() for part in ({"alg": alg, "kid": forge.ring("gestore").first.kid}, claims)]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def with_hmac(claims: forge.Claims, secret: bytes) -> str:
    """Signed with the provider's public key as an HMAC secret."""
    body = unsigned(claims, "HS256")
    return f"{body}.{base64.urlsafe_b64encode(hmac.new(secret, body.encode(), sha256).digest()).decode().rstrip('=')}"


def right() -> forge.RSAKey:
    return forge.ring("gestore").first


def parts(claims: forge.Claims) -> list[str]:
    return jose.signed(claims, right()).split(".")


def with_a_key_inside(claims: forge.Claims) -> str:
    stranger = forge.ring("mallory").first
    header = {"alg": "RS256", "kid": stranger.kid, "jwk": stranger.as_dict(private=False)}
    return jose.jwt.encode(header, claims, stranger, default_type=None)


def signed_as(claims: forge.Claims, alg: str, **header: str) -> str:
    """Signed with the right key, under another header than ours."""
    return jose.jwt.encode({"alg": alg, **header}, claims, forge.for_anything("gestore"), algorithms=[alg])


FORGERIES: dict[str, Callable[[forge.Claims], str]] = {
    "a key of nobody under its own name": lambda claims: jose.signed(claims, forge.ring("mallory").first),
    "a key of nobody under the right name": lambda claims: jose.signed(claims, forge.named_as("mallory", right())),
    "a key inside the header": with_a_key_inside,
    "none": lambda claims: f"{unsigned(claims, 'none')}.",
    "none with the signature of another token": lambda claims: f"{unsigned(claims, 'none')}.{parts(claims)[2]}",
    "None": lambda claims: f"{unsigned(claims, 'None')}.",
    "HS256 with the public key": lambda claims: with_hmac(claims, right().as_pem(private=False)),
    "HS256 with nothing": lambda claims: with_hmac(claims, b""),
    "RS512": lambda claims: signed_as(claims, "RS512", kid=str(right().kid)),
    "PS256": lambda claims: signed_as(claims, "PS256", kid=str(right().kid)),
    "no name of the key": lambda claims: signed_as(claims, "RS256"),
    "no signature": lambda claims: ".".join([*parts(claims)[:2], ""]),
    "two parts": lambda claims: ".".join(parts(claims)[:2]),
    "the body of another": lambda claims: ".".join(
        [parts(claims)[0], parts(claims | {"sub": "x"})[1], parts(claims)[2]]
    ),
    "nothing": lambda claims: "-",
    "not a token": lambda claims: "…",
    "too large": lambda claims: "x" * 60_000,
    "encrypted and not signed": lambda claims: jose.sealed(json.dumps(claims), ours()),
    "signed by ourselves": lambda claims: jose.signed(claims, forge.ring("portale-firma").first),
}


def ours() -> forge.RSAKey:
    return forge.ring("portale-cifra", forge.SEALING).first


@pytest.mark.parametrize("forgery", FORGERIES)
def test_an_id_token_that_the_provider_did_not_sign(captured, forgery):
    claims = forge.id_claims(captured.right, forge.ACCESS_TOKEN)
    captured.says(id_token=FORGERIES[forgery](claims)).refused()
    assert outcome() == "signature"


@pytest.mark.parametrize("value", [None, 7, ["x"], {}])
def test_an_id_token_that_is_no_text(captured, value):
    captured.says(tokens={"id_token": value}).refused()


# --- who the person is


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_userinfo_that_the_provider_did_not_sign(captured, forgery):
    captured.says(userinfo=jose.sealed(FORGERIES[forgery](forge.person_claims(captured.right)), ours())).refused()
    assert outcome() == "signature"


def test_a_userinfo_that_is_signed_and_not_encrypted(captured):
    captured.says(userinfo=jose.signed(forge.person_claims(captured.right), forge.ring("gestore").first)).refused()
    assert outcome() == "signature"


def test_a_userinfo_in_plain_json(captured):
    captured.says(userinfo=json.dumps(forge.person_claims(captured.right))).refused()


@pytest.mark.parametrize(
    ("alg", "enc"), [("RSA1_5", "A256CBC-HS512"), ("RSA-OAEP", "A256CBC-HS512"), ("RSA-OAEP-256", "A128CBC-HS256"), ("RSA-OAEP-256", "A256GCM")]
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_a_userinfo_encrypted_otherwise_than_we_ask(captured, alg, enc):
    signed = jose.signed(forge.person_claims(captured.right), forge.ring("gestore").first)
    key = forge.RSAKey.import_key(forge.pem("portale-cifra"))
    header = {"alg": alg, "enc": enc}
    captured.says(userinfo=jose.jwe.encrypt_compact(header, signed, key, algorithms=[alg, enc])).refused()
    assert outcome() == "signature"


def test_a_userinfo_encrypted_to_somebody_else(captured):
    signed = jose.signed(forge.person_claims(captured.right), forge.ring("gestore").first)
    captured.says(userinfo=jose.sealed(signed, forge.ring("mallory", forge.SEALING).first)).refused()


def test_a_userinfo_that_bursts_when_it_is_unpacked(captured):
    key = forge.ring("portale-cifra", forge.SEALING).first
    header = {"alg": "RSA-OAEP-256", "enc": "A256CBC-HS512", "zip": "DEF"}
    registry = jose.jwe.JWERegistry(algorithms=[*header.values()])
    captured.says(userinfo=jose.jwe.encrypt_compact(header, "0" * 100_000, key, registry=registry)).refused()


@pytest.mark.parametrize(
    ("claim", "value", "expected"),
    [
        ("sub", "un-altro", "signature"),
        ("sub", None, "signature"),
        ("aud", "https://altro.example", "not-for-us"),
        ("iss", "https://altro.example", "not-asked"),
        ("exp", 1, "answer-expired"),
        (forge.FISCAL_NUMBER, None, "no-codice-fiscale"),
        (forge.FISCAL_NUMBER, "TINES-X1234567Z", "no-codice-fiscale"),
        (forge.FISCAL_NUMBER, forge.ANNA, "no-codice-fiscale"),
        (forge.FISCAL_NUMBER, "TINIT-RSSNNA80A41H501X", "no-codice-fiscale"),
        (forge.FISCAL_NUMBER, ["TINIT-" + forge.ANNA], "no-codice-fiscale"),
        ("given_name", None, "malformed"),
        ("family_name", 7, "malformed"),
    ],
)
def test_a_userinfo_with_a_wrong_claim(captured, claim, value, expected):
    def spoil(claims: forge.Claims) -> forge.Claims:
        return {name: held for name, held in (claims | {claim: value}).items() if held is not None}

    captured.says(person=spoil).refused()
    assert outcome() == expected


def test_a_claim_that_stands_there_twice(captured):
    claims = json.dumps(forge.person_claims(captured.right))
    twice = claims[:-1] + f', "{forge.FISCAL_NUMBER}": "TINIT-VRDDRA82C03L219M"}}'
    header = {"alg": "RS256", "kid": forge.ring("gestore", SIGNING).first.kid}
    signed = jose.jws.serialize_compact(header, twice, forge.ring("gestore").first)
    captured.says(userinfo=jose.sealed(signed, ours())).refused()
    assert outcome() == "signature"


def test_names_with_control_characters_or_half_characters_come_in_on_one_line(captured):
    captured.says(person=lambda claims: claims | {"given_name": "An\x00na\ud800", "family_name": "Ros\nsi"}).accepted()


def test_a_half_character_where_we_would_keep_it(captured):
    captured.says(token=lambda claims: claims | {"jti": "\ud800"}).refused()
