"""Forges responses for attacks: a provider, a federation and the HTTP answers between them, all set by the test."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from joserfc.jwk import RSAKey

from portal.demo.identity.openid_answers import OpenidAnswer, id_claims, person_claims
from portal.identity.providers import oidc
from portal.identity.providers.oidc import jose
from portal.identity.providers.oidc.federation import MEDIA_TYPE, PROVIDER, STATEMENT, configuration_address
from portal.identity.providers.oidc.keys import SEALING, SIGNING, KeyRing, key_ring
from portal.identity.providers.oidc.request import FISCAL_NUMBER, challenge_of
from tests.conftest import ANNA
from tests.identity.door import signed_in

PORTAL, OP, ANCHOR = "http://127.0.0.1:8000", "https://cie.example/oidc", "https://federazione.example"
CALLBACK = f"{PORTAL}/accesso/cie/ritorno/"
ACCESS_TOKEN, CODE = "token-di-accesso", "codice-di-prova"
Claims = dict[str, Any]


@lru_cache(maxsize=16)
def pem(name: str, size: int = 2048) -> str:
    """A private key for this name, the same for the whole run."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=size)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def ring(name: str, purpose: tuple[str, str] = SIGNING) -> KeyRing:
    return key_ring(pem(name), purpose)


def named_as(name: str, key: RSAKey) -> RSAKey:
    """The key of this name, under another key's kid."""
    return RSAKey.import_key({**ring(name).first.as_dict(private=True), "kid": str(key.kid)})


def for_anything(name: str) -> RSAKey:
    """The key of this name as a JWK without `use` or `alg`."""
    return RSAKey.import_key(pem(name))


def jwks(*rings: KeyRing) -> Claims:
    return {"keys": [key for ring in rings for key in ring.published()]}


def signed(claims: Claims) -> str:
    """A JWT with these claims, signed by the provider."""
    key = ring("gestore").first
    return jose.jws.serialize_compact({"alg": jose.SIGNED_AS, "kid": str(key.kid)}, json.dumps(claims), key)


def statement(issuer: str, subject: str, signer: KeyRing, listed: KeyRing, now: datetime, **more: Any) -> str:
    """An entity statement about another entity, or about itself."""
    claims = {
        "iss": issuer, "sub": subject, "iat": int(now.timestamp()), "exp": int((now + timedelta(days=2)).timestamp()),
        "jwks": jwks(listed),
    }  # fmt: skip
    return jose.signed(claims | more, signer.first, STATEMENT)


def op_metadata(**changed: Any) -> Claims:
    endpoints = {f"{name}_endpoint": f"{OP}/{name}" for name in ("authorization", "token", "userinfo", "revocation")}
    metadata = {"issuer": OP, "jwks": jwks(ring("gestore")), "response_types_supported": ["code", "token"]}
    return metadata | endpoints | changed


def op_configuration(now: datetime, **more: Any) -> str:
    said = {"authority_hints": [ANCHOR], "metadata": {PROVIDER: op_metadata()}}
    signer = more.pop("signer", ring("gestore-federazione"))
    return statement(OP, OP, signer, ring("gestore-federazione"), now, **(said | more))


def anchor_configuration(now: datetime, **more: Any) -> str:
    said = {"metadata": {"federation_entity": {"federation_fetch_endpoint": f"{ANCHOR}/fetch"}}}
    signer = more.pop("signer", ring("federazione"))
    return statement(ANCHOR, ANCHOR, signer, ring("federazione"), now, **(said | more))


def about_op(now: datetime, **more: Any) -> str:
    signer, listed = more.pop("signer", ring("federazione")), more.pop("listed", ring("gestore-federazione"))
    return statement(more.pop("iss", ANCHOR), more.pop("sub", OP), signer, listed, now, **more)


@dataclass
class ForgedFederation:
    """All HTTP answers of the federation. `published`: the statement at each address; `said`: the next token response."""

    published: dict[str, str] = field(default_factory=dict)
    said: dict[str, Any] = field(default_factory=dict)
    forms: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)

    def federate(self, now: datetime | None = None) -> None:
        """Publishes a valid federation."""
        now = now or timezone.now()
        self.published = {
            configuration_address(OP): op_configuration(now),
            configuration_address(ANCHOR): anchor_configuration(now),
            f"{ANCHOR}/fetch?sub={OP}": about_op(now),
        }

    def hear(self, request: httpx.Request) -> httpx.Response:
        address = str(httpx.URL(request.url)).replace("%3A", ":").replace("%2F", "/")
        if address in self.published:
            self.fetched.append(address)
            return httpx.Response(200, headers={"Content-Type": MEDIA_TYPE}, text=self.published[address])
        name = address.removeprefix(f"{OP}/")
        if name in ("token", "revocation"):
            self.forms.append((name, {key: values[0] for key, values in parse_qs(request.content.decode()).items()}))
        answered = self.said.get(name, httpx.Response(404))
        if isinstance(answered, Exception):
            raise answered
        return answered() if callable(answered) else answered


class Cie(oidc.CieOpenId):
    """The real provider class, with its HTTP calls answered by the forged federation."""

    world: ClassVar[ForgedFederation] = ForgedFederation()

    def transport(self) -> httpx.BaseTransport:
        return httpx.MockTransport(self.world.hear)


@dataclass(frozen=True)
class CapturedLogin:
    """The authorization request in the browser, and the provider that will answer it."""

    client: Client
    request: Claims
    query: dict[str, str]
    world: ForgedFederation

    @property
    def right(self) -> OpenidAnswer:
        """An honest provider's claims about Anna; change them with `replace`."""
        now = timezone.now()
        person = {"given_name": "Anna", "family_name": "Rossi", FISCAL_NUMBER: f"TINIT-{ANNA}"}
        return OpenidAnswer(OP, PORTAL, self.request["nonce"], now, now, 2, person, subject="soggetto-1")

    def says(
        self,
        token: Callable[[Claims], Claims] = lambda claims: claims,
        person: Callable[[Claims], Claims] = lambda claims: claims,
        **changed: Any,
    ) -> "CapturedLogin":
        """Prepares the token response, valid or not. `id_token`, `userinfo` and `tokens` (the JSON) replace the whole part; any other
        argument changes the claims before they are signed.
        """
        given = {name: changed.pop(name) for name in ("id_token", "userinfo", "tokens") if name in changed}
        answer = replace(self.right, **changed)
        right = signed(token(id_claims(answer, ACCESS_TOKEN)))
        tokens = {"access_token": ACCESS_TOKEN, "token_type": "Bearer", "id_token": given.get("id_token", right)}
        claims = given.get("userinfo") or jose.sealed(
            signed(person(person_claims(answer))), ring("portale-cifra", SEALING).first
        )
        self.world.said = {
            "token": httpx.Response(200, text=json.dumps(tokens | given.get("tokens", {}))),
            "userinfo": httpx.Response(200, text=claims, headers={"Content-Type": "application/jwt"}),
            "revocation": httpx.Response(200),
        }
        return self

    def bring(self, **changed: str | None) -> HttpResponse:
        """The browser returns to the portal; a parameter that is None is left out."""
        fields = {"code": CODE, "state": self.request["state"], "iss": OP} | changed
        return self.client.get(
            CALLBACK.removeprefix(PORTAL), {name: value for name, value in fields.items() if value is not None}
        )

    def refused(self, **changed: str | None) -> HttpResponse:
        """Asserts that nobody was signed in and that the page gives the reason."""
        response = self.bring(**changed)
        assert response.status_code in (400, 403), response.status_code
        assert not signed_in(self.client)
        return response

    def accepted(self, **changed: str | None) -> None:
        assert self.bring(**changed).status_code == 302
        assert signed_in(self.client)
        assert self.client.session["identity_with"].startswith("CIE")


def ask(client: Client, world: ForgedFederation, next_url: str = "") -> CapturedLogin:
    """Begins a login and captures its authorization request."""
    response = client.post(reverse("identity:start", args=["cie"]), {"next": next_url})
    assert response.status_code == 302
    assert response["Location"].startswith(f"{OP}/authorization?")
    query = {name: values[0] for name, values in parse_qs(urlsplit(response["Location"]).query).items()}
    request = jose.verified(query["request"], ring("portale-firma").keys)
    return CapturedLogin(client, request, query, world)


def proves_the_verifier(captured: CapturedLogin) -> bool:
    """Whether the token request proved the code verifier (PKCE)."""
    [form] = [form for name, form in captured.world.forms if name == "token"]
    return challenge_of(form["code_verifier"]) == captured.request["code_challenge"]
