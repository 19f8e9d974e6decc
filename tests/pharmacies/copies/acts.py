"""Acts of a person on the page of the copies, and what is in force."""

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from pharmacies.models import CopyMailbox, Pharmacy
from tests.pharmacies.copy_mailboxes import addresses

PAGE = reverse("pharmacies:copies", args=["4512"])
CODE = reverse("pharmacies:copies_code", args=["4512"])
BOX = "anna@example.it"


def name(client: Client, address: str = BOX):
    return client.post(PAGE, {"copia": address}, follow=True)


def type_code(client: Client, typed: str):
    return client.post(CODE, {"codice": typed}, follow=True)


def now_in_force(pharmacy: Pharmacy) -> dict[int, str]:
    return addresses([pharmacy.pk], timezone.now())


def row() -> CopyMailbox:
    return CopyMailbox.objects.open().get()
