"""The life of an id with zeep. Environment and lines printed: tests/clients/test_life.py."""

from typing import Any

import requests
import zeep
from python_life import env, live
from requests.auth import HTTPBasicAuth
from zeep.transports import Transport

BINDING = "{http://wsdl.auth.a2f.sts.sanita.finanze.it}authentication-service-binding"


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


if __name__ == "__main__":
    live(connected, step)
