"""Authentication backends: digital identity for people, password for staff (the second factor is checked later)."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from portal.identity.identity import Identity
from portal.identity.models import User


class DigitalIdentityBackend(ModelBackend):
    """Returns the account of the person that an identity provider has authenticated, created at the first login."""

    def authenticate(  # type: ignore[override]
        self, request: HttpRequest | None, identity: Identity | None = None, **kwargs: Any
    ) -> User | None:
        if identity is None:
            return None
        user = User.objects.for_person(identity.codice_fiscale, identity.given_name, identity.family_name)
        return user if user.is_active and not user.is_staff else None


class StaffBackend(ModelBackend):
    """Checks username and password, for staff only: people of the pharmacies have no password."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        user = super().authenticate(request, username=username, password=password, **kwargs)
        return user if isinstance(user, User) and user.is_staff else None
