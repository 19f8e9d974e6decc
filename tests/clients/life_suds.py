"""The life of an id with suds, which sends a null or empty element for what is absent. Environment and lines: tests/clients/test_life.py."""

from base64 import b64encode
from typing import Any

from python_life import env, live
from suds import WebFault
from suds.client import Client


def connected(password: str) -> Client:
    proof = b64encode(f"{env('USER')}:{password}".encode()).decode()
    address = env("WSDL") if "://" in env("WSDL") else f"file://{env('WSDL')}"
    client = Client(address, cache=None, headers={"Authorization": f"Basic {proof}"})
    client.set_options(location=env("ADDRESS"))
    return client


def step(name: str, client: Client, operation: str, **message: Any) -> Any:
    """Prints a step and its outcome: 0, the code of the error, or the sentence of the Fault. Returns the reply."""
    try:
        reply = getattr(client.service, operation)(**message)
    except WebFault as fault:
        print(name, fault.fault.faultstring)
        return None
    except Exception as refused:  # a bare one: (401, "Unauthorized"), because suds reads a Fault only in a 500
        print(name, refused.args[0][0])
        return None
    print(name, reply.errori.errore[0].codEsito if "errori" in reply else reply.codEsito)
    return reply


if __name__ == "__main__":
    live(connected, step)
