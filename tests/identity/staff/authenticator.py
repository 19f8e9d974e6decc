"""An authenticator in software: makes passkeys and signs challenges, with any mistake that a test wants."""

import json
import os
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData, CollectedClientData

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40
ORIGIN = "http://testserver"


class SoftAuthenticator:
    """One passkey. `counter` grows by itself; set it to go back."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.credential_id = os.urandom(32)
        self.counter = 1

    def created(self, options: Mapping[str, Any], origin: str = ORIGIN, **mistakes: Any) -> str:
        """The answer of navigator.credentials.create()."""
        public = ES256.from_cryptography_key(self.key.public_key())
        data = AttestedCredentialData.create(b"\0" * 16, self.credential_id, public)
        client = self._client("webauthn.create", options, origin, mistakes)
        authenticator = self._authenticator(options["rp"]["id"], ATTESTED, mistakes, data)
        attested = AttestationObject.create("none", authenticator, {})
        return self._answer({"clientDataJSON": client, "attestationObject": bytes(attested)})

    def signed(self, options: Mapping[str, Any], origin: str = ORIGIN, **mistakes: Any) -> str:
        """The answer of navigator.credentials.get()."""
        client = self._client("webauthn.get", options, origin, mistakes)
        authenticator = bytes(self._authenticator(options["rpId"], 0, mistakes))
        signature = self.key.sign(authenticator + sha256(client).digest(), ec.ECDSA(SHA256()))
        parts = {"clientDataJSON": client, "authenticatorData": authenticator, "signature": signature}
        return self._answer(parts | mistakes.get("parts", {}))

    def _client(self, kind: str, options: Mapping[str, Any], origin: str, mistakes: Mapping[str, Any]) -> bytes:
        challenge = mistakes.get("challenge", options["challenge"])
        return bytes(
            CollectedClientData.create(mistakes.get("kind", kind), challenge, origin, mistakes.get("embedded", False))
        )

    def _authenticator(
        self, host: str, flags: int, mistakes: Mapping[str, Any], data: AttestedCredentialData | None = None
    ) -> AuthenticatorData:
        self.counter += 1
        flags |= mistakes.get("flags", PRESENT | VERIFIED)
        counter = mistakes.get("counter", self.counter)
        return AuthenticatorData.create(
            sha256(mistakes.get("host", host).encode()).digest(), flags, counter, data or b""
        )

    def _answer(self, parts: Mapping[str, bytes]) -> str:
        credential_id = websafe_encode(self.credential_id)
        response = {name: websafe_encode(part) for name, part in parts.items()}
        return json.dumps({"id": credential_id, "rawId": credential_id, "type": "public-key", "response": response})
