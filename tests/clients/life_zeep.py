"""The life of an id with zeep. Environment and lines printed: tests/clients/test_life.py."""

import os
from typing import Any

import requests
import zeep
from requests.auth import HTTPBasicAuth
from zeep.transports import Transport

BINDING = "{http://wsdl.auth.a2f.sts.sanita.finanze.it}authentication-service-binding"


def env(name: str) -> str:
    return os.environ[f"A2F_{name}"]


def connected(password: str) -> Any:
    session = requests.Session()
    session.trust_env = False
    session.auth = HTTPBasicAuth(env("USER"), password)
    client = zeep.Client(env("WSDL"), transport=Transport(session=session))
    return client.create_service(BINDING, env("ADDRESS"))


def step(name: str, service: Any, operation: str, **message: Any) -> Any:
    """Prints a step and its outcome: 0, the code of the error, or the sentence of the Fault. Returns the reply."""
    try:
        reply = service[operation](**message)
    except zeep.exceptions.Fault as fault:
        print(name, fault.message)
        return None
    print(name, reply.errori.errore[0].codEsito if reply.errori else reply.codEsito)
    return reply


def main() -> None:
    own = {
        "userId": env("USER"), "identificativo": {"tipo": "P", "valore": env("PINCODE")}, "cfUtente": env("CF"),
        "contesto": "RICETTA-DEM", "applicazione": "EROGATORE",
    }  # fmt: skip
    place = {"codRegione": env("REGION"), "codAslAo": env("ASL"), "codSsa": env("SSA"), "codiceStruttura": ""}
    service = connected(env("PASSWORD"))
    token = step("create", service, "create", **own, **place).comunicazioni.comunicazione[0].messaggio
    checked = step("check", service, "checkToken", **own, token=token)
    print("state", checked.infoToken.descrizione)
    step("revoke", service, "revoke", **own, token=token)
    step("again", service, "revoke", **own, token=token)
    step("revoked", service, "checkToken", **own, token=token)
    step("expired", service, "checkToken", **own, token=env("EXPIRED"))
    step("unknown", service, "checkToken", **own, token="00000000-0000-4000-8000-000000000000")
    step("password", connected("sbagliata"), "create", **own, **place)


if __name__ == "__main__":
    main()
