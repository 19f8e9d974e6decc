"""An identity provider that is not ours: pysaml2 and xmlsec1, in the profile of SPID. Run as a program in a process of its own.

    identity_provider.py FOLDER metadata                      makes the key, prints the metadata
    identity_provider.py FOLDER answer SP_METADATA QUERY CODICE_FISCALE GIVEN_NAME FAMILY_NAME
                                                              prints the Response to the request in this query string

Nothing listens: the test is the browser, so it carries request and response itself.
"""

import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qsl

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAME_FORMAT_BASIC, NAMEID_FORMAT_TRANSIENT, NameID
from saml2.server import Server
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256

ENTITY_ID = "https://idp.gestore.example"
SPID_L2 = "https://www.spid.gov.it/SpidL2"
# The converter maps local names to the wire: SPID's names are used on both sides.
ATTRIBUTE_MAP = """
MAP = {{"identifier": "{format}", "fro": {{name: name for name in {names}}}, "to": {{name: name for name in {names}}}}}
"""


def configuration(folder: Path, *service_providers: str) -> IdPConfig:
    maps = folder / "maps"
    maps.mkdir(exist_ok=True)
    names = ("fiscalNumber", "name", "familyName")
    (maps / "spid.py").write_text(ATTRIBUTE_MAP.format(format=NAME_FORMAT_BASIC, names=names), encoding="utf-8")
    return IdPConfig().load(
        {
            "entityid": ENTITY_ID,
            "key_file": str(folder / "idp.key"),
            "cert_file": str(folder / "idp.crt"),
            "attribute_map_dir": str(maps),
            "metadata": {"local": list(service_providers)} if service_providers else {},
            "service": {
                "idp": {
                    "endpoints": {
                        "single_sign_on_service": [
                            (f"{ENTITY_ID}/sso", BINDING_HTTP_REDIRECT),
                            (f"{ENTITY_ID}/sso/post", BINDING_HTTP_POST),
                        ],
                        "single_logout_service": [(f"{ENTITY_ID}/slo", BINDING_HTTP_REDIRECT)],
                    },
                    "name_id_format": [NAMEID_FORMAT_TRANSIENT],
                    "policy": {"default": {"lifetime": {"minutes": 5}, "name_form": NAME_FORMAT_BASIC}},
                    "sign_response": True,
                    "sign_assertion": True,
                    "want_authn_requests_signed": True,
                    "signing_algorithm": SIG_RSA_SHA256,
                    "digest_algorithm": DIGEST_SHA256,
                }
            },
        }
    )


def make_key(folder: Path) -> None:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=idp.gestore.example",
         "-keyout", str(folder / "idp.key"), "-out", str(folder / "idp.crt")],
        check=True, capture_output=True,
    )  # fmt: skip


def answer(folder: Path, service_provider: str, query: str, person: dict[str, str]) -> str:
    """Verifies the request with the published key of the service provider, and answers it as SPID level 2."""
    server = Server(config=configuration(folder, service_provider))
    sent = dict(parse_qsl(query))
    request = server.parse_authn_request(
        sent["SAMLRequest"], BINDING_HTTP_REDIRECT, sent["RelayState"], sent["SigAlg"], sent["Signature"]
    ).message
    response = server.create_authn_response(
        person,
        in_response_to=request.id,
        destination=request.assertion_consumer_service_url or consumer(server, request.issuer.text),
        sp_entity_id=request.issuer.text,
        name_id=NameID(format=NAMEID_FORMAT_TRANSIENT, name_qualifier=ENTITY_ID, text=f"_{request.id[-20:]}"),
        authn={"class_ref": SPID_L2, "authn_auth": ENTITY_ID},
        sign_response=True,
        sign_assertion=True,
        sign_alg=SIG_RSA_SHA256,
        digest_alg=DIGEST_SHA256,
    )
    return str(response)


def consumer(server: Server, entity_id: str) -> str:
    return str(server.metadata.assertion_consumer_service(entity_id, BINDING_HTTP_POST)[0]["location"])


def main(folder: Path, verb: str, *rest: str) -> None:
    if verb == "metadata":
        make_key(folder)
        print(entity_descriptor(configuration(folder)).to_string().decode())
    else:
        service_provider, query, fiscal_code, given_name, family_name = rest
        person = {"fiscalNumber": f"TINIT-{fiscal_code}", "name": given_name, "familyName": family_name}
        print(answer(folder, service_provider, query, person))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
