"""The contexts that the migrations create."""

from importlib import import_module

from django.apps import apps

from sessions.ids import issuing
from sessions.models import Context

from .conftest import MORNING

shipped = import_module("sessions.migrations.0002_contexts")


OF_THE_MANUAL = [
    "RICETTA-DEM EROGATORE 16 overlap",
    "RICETTA-BIANCA EROGATORE 16 overlap",
    "RICETTA-DEM 16 overlap",
    "RICETTA-DEM PRESCRITTORE 16 overlap",
]


def of_the_manual() -> list[str]:
    """The contexts of the manual that exist, in the order of their keys; a later migration may ship further ones."""
    rows = (f"{row} {row.hours} {row.policy}" for row in Context.objects.order_by("pk"))
    return [row for row in rows if row in OF_THE_MANUAL]


def test_the_four_contexts_of_the_manual_are_there_from_the_start(db) -> None:
    shipped.withdraw(apps, None)
    shipped.ship(apps, None)
    shipped.ship(apps, None)
    assert of_the_manual() == OF_THE_MANUAL
    usual = Context.objects.usual()
    assert (usual.contesto, usual.applicazione) == ("RICETTA-DEM", "EROGATORE")


def test_the_migration_goes_back_but_leaves_the_context_of_an_id(utenza, certified, context) -> None:
    issuing.issue(utenza, context, MORNING)
    shipped.withdraw(apps, None)
    assert of_the_manual() == OF_THE_MANUAL[:1]
