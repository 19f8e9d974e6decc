"""nginx, Traefik and Envoy with the published configurations, before a toy dispensing service, asking a real gunicorn."""

import time
from collections.abc import Iterator

import pytest

from tests.processes.conftest import ProcessWorld, until
from tests.processes.gate_scene import Scene, Toy, build_scene, dispense, toy_service
from tests.processes.proxies import EVERY, NGINX, Front, Proxy
from tests.sessions.gate.gate_door import UNKNOWN, basic

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]
ADDRESS = {"nginx": "/a2f/gate?come=soap&", "traefik": "/a2f/gate?come=soap-500&", "envoy": "/a2f/gate?come=soap&"}
USES = """
from sessions.models import IdSessione
print(IdSessione.objects.order_by("-pk").values_list("uses", flat=True)[0])
"""


@pytest.fixture
def toy() -> Iterator[int]:
    """The toy's port."""
    with toy_service() as port:
        yield port


@pytest.fixture
def scene(world: ProcessWorld, toy: int, request: pytest.FixtureRequest) -> Scene:
    return build_scene(request.param, world, toy)


@pytest.mark.parametrize("proxy", EVERY)
def test_the_gate_is_asked_in_the_context_of_the_file_and_told_the_address_that_the_proxy_saw(
    proxy: Proxy, world: ProcessWorld, toy: int
):
    front = proxy.start(world, toy, toy)
    sent = {"Authorization2F": "Bearer x", "X-Forwarded-For": "203.0.113.9", "X-A2F-Utenza": "UVBUGIA"}
    until(lambda: _passes(front, sent), 30, f"{proxy.name} answers")
    path, gate_headers = Toy.gate_requests[-1]
    assert path == ADDRESS[proxy.name] + "contesto=RICETTA-DEM&applicazione=EROGATORE"
    assert gate_headers["x-forwarded-for"].rpartition(",")[2].strip() == "127.0.0.1"
    path, received = Toy.reached[-1]
    assert path == "/eroga?contesto=ALTRO"
    # the gate sent no value: the caller's forged header is removed all the same
    assert received.get("x-a2f-utenza", "") == ""


class GivingToy(Toy):
    """Stands for a portal whose context gives the signed assertion, as long as the contract allows."""

    def do_GET(self) -> None:  # noqa: N802  a name of http.server
        self.send_response(204)
        self.send_header("X-A2F-Assertion", "A" * 8000)
        self.end_headers()


@pytest.mark.parametrize("proxy", EVERY)
def test_the_service_receives_the_longest_assertion_and_no_forged_one(proxy: Proxy, world: ProcessWorld):
    with toy_service(GivingToy) as giving, toy_service() as plain:
        front = proxy.start(world, giving, giving)
        until(lambda: _passes(front, {"X-A2F-Assertion": "bugia"}), 30, f"{proxy.name} answers")
        assert Toy.reached[-1][1]["x-a2f-assertion"] == "A" * 8000
        world.kill_all()
        front = proxy.start(world, plain, plain)
        until(lambda: _passes(front, {"X-A2F-Assertion": "bugia"}), 30, f"{proxy.name} answers")
        assert Toy.reached[-1][1].get("x-a2f-assertion", "") == ""


def _passes(front: Front, headers: dict[str, str]) -> bool:
    try:
        return dispense(front, headers).status == 200
    except OSError:
        return False


@pytest.mark.parametrize("scene", EVERY, indirect=True)
def test_only_a_live_id_reaches_the_dispensing_service_and_a_dead_portal_stops_everything(scene: Scene):
    lies = {"X-A2F-Utenza": "UVBUGIA", "X-A2F-Pharmacy": "666"}
    passed = scene.dispense(scene.live, **lies)
    assert (passed.status, passed.body) == (200, b"<ricetta/>")
    _, received = Toy.reached[-1]
    assert (received["x-a2f-utenza"], received["x-a2f-pharmacy"]) == (scene.user_id, scene.pharmacy)
    assert received["x-a2f-codice-fiscale"] == "RSSNNA80A41H501L"
    assert "x-a2f-expires-at" in received
    assert not {"authorization", "authorization2f", "x-idsessione"} & set(received)
    assert scene.dispense(None, **{"X-idSessione": f"Bearer {scene.live}"}).status == 200

    assert scene.stopped(None) == (500, "9101", "missing")
    assert scene.stopped("1234") == (500, "9101", "malformed")
    assert scene.stopped(UNKNOWN) == (500, "9101", "unknown")
    assert scene.stopped(scene.revoked) == (500, "9101", "revoked")
    assert scene.stopped(scene.expired) == (500, "9101", "expired")
    assert scene.stopped(scene.elsewhere) == (500, "9101", "other-context")
    assert scene.stopped(scene.live, Authorization=basic("UVALTRA1")) == (500, "9101", "other-utenza")
    assert scene.stopped(scene.live, password="sbagliata") == (401, None, None)

    scene.portal.ask_to_stop()
    scene.portal.wait_or_kill(time.monotonic() + 20)
    dead = (scene.proxy.status_of_a_dead_portal, None, None)
    assert scene.stopped(scene.live) == scene.stopped(None) == dead
    assert scene.world.run(USES) == "2"  # written by the workers when they stopped


@pytest.mark.parametrize("scene", [NGINX.param], indirect=True)
def test_a_portal_killed_outright_fails_closed_and_opens_again_when_it_is_back(scene: Scene):
    assert scene.dispense(scene.live).status == 200
    scene.world.kill(scene.portal)
    assert scene.stopped(scene.live)[0] == 500
    scene.portal.start()
    until(lambda: scene.dispense(scene.live).status == 200, 60, "the portal is back and the same id passes")
