"""The life of an id as the clients written in Python live it: the steps, whose outcomes tests/clients/test_life.py compares."""

import os
from collections.abc import Callable
from typing import Any


def env(name: str) -> str:
    return os.environ[f"A2F_{name}"]


def live(connected: Callable[[str], Any], step: Callable[..., Any]) -> None:
    """Makes the calls. `connected(password)` gives a client, `step(name, client, operation, **message)` prints and returns a reply."""
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
