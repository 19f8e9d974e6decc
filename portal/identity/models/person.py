"""The person by codice fiscale, and the member of the staff by username."""

from collections.abc import Iterable
from functools import cached_property
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import Group, Permission, PermissionsMixin
from django.db import models

from portal.identity.roles import StaffRole
from portal.identity.territory import Territory
from portal.values import codice_fiscale


class UserManager(BaseUserManager["User"]):
    def for_person(self, fiscal_code: str, given_name: str, family_name: str) -> "User":
        """The account of this codice fiscale, made at the first login; names follow the identity provider."""
        names = {"codice_fiscale": fiscal_code, "given_name": given_name, "family_name": family_name}
        # no password: a person enters with SPID, CIE or TS-CNS only
        user, is_new = self.get_or_create(username=fiscal_code, defaults={**names, "password": "!"})
        if not is_new and any(getattr(user, name) != value for name, value in names.items()):
            for name, value in names.items():
                setattr(user, name, value)
            user.save(update_fields=list(names))
        return user

    def create_staff(
        self, username: str, password: str, given_name: str = "", family_name: str = "", *, roles: Iterable[str] = ()
    ) -> "User":
        """A member of the staff, for the whole nation; without a role, every page of the staff answers 403."""
        user: User = self.model(username=username, given_name=given_name, family_name=family_name, is_staff=True)
        user.set_password(password)
        user.save()
        user.groups.set(Group.objects.filter(name__in=list(roles)))
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
    # by an administrator: good for a few days, to choose one's own with
    password_given_at = models.DateTimeField(null=True, blank=True)
    # of a member of the staff: "042" is a region, "010-301" an ASL; nothing is the whole nation
    limited_to = models.JSONField("limitato a", default=list, blank=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = "utente"
        verbose_name_plural = "utenti"
        permissions = [(role.value, role.label) for role in StaffRole]

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip() or self.username

    @cached_property
    def roles(self) -> frozenset[str]:
        """What a member of the staff may do (values of StaffRole), from the permissions of its groups; read once a request."""
        if not (self.is_staff and self.is_active):
            return frozenset()
        if self.is_superuser:
            return frozenset(StaffRole.values)
        given = Permission.objects.filter(
            group__user=self, content_type__app_label="identity", codename__in=StaffRole.values
        )
        return frozenset(given.values_list("codename", flat=True))

    @property
    def territory(self) -> Territory:
        """Where a member of the staff may look."""
        return Territory.of(self.limited_to)
