"""`manage.py new_sealing_key`: a fresh key for SEALING_KEYS, printed once."""

from typing import Any

from cryptography.fernet import Fernet
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Prints a new key for SEALING_KEYS. To rotate, put it first and keep the old ones behind it."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(Fernet.generate_key().decode())
