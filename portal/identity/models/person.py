"""The person by codice fiscale, and the member of the staff by username."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models

from portal import codice_fiscale


class UserManager(BaseUserManager["User"]):
    def for_person(self, fiscal_code: str, given_name: str, family_name: str) -> "User":
        """The account of this codice fiscale, made at the first login; names follow the identity provider."""
        user, _ = self.update_or_create(
            username=fiscal_code,
            defaults={"codice_fiscale": fiscal_code, "given_name": given_name, "family_name": family_name},
            create_defaults={
                "codice_fiscale": fiscal_code,
                "given_name": given_name,
                "family_name": family_name,
                "password": "!",  # no password: a person enters with SPID, CIE or TS-CNS only
            },
        )
        return user

    def create_staff(self, username: str, password: str, given_name: str = "", family_name: str = "") -> "User":
        user: User = self.model(username=username, given_name=given_name, family_name=family_name, is_staff=True)
        user.set_password(password)
        user.save()
        return user

    def create_superuser(self, username: str, password: str) -> "User":
        user = self.create_staff(username, password)
        user.is_superuser = True
        user.save(update_fields=["is_superuser"])
        return user


class User(AbstractBaseUser, PermissionsMixin):  # type: ignore[django-manager-missing]  # django-otp's Device has no types
    """A person by codice fiscale (titolare, direttore, delegate), or a member of the staff by username."""

    username = models.CharField("nome utente", max_length=64, unique=True)
    codice_fiscale = models.CharField(
        "codice fiscale", max_length=16, unique=True, null=True, blank=True, validators=[codice_fiscale.validate]
    )
    given_name = models.CharField("nome", max_length=120, blank=True)
    family_name = models.CharField("cognome", max_length=120, blank=True)
    is_staff = models.BooleanField("operatore", default=False)
    is_active = models.BooleanField("abilitato", default=True)
    created_at = models.DateTimeField("creato il", auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = "utente"
        verbose_name_plural = "utenti"

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip() or self.username
