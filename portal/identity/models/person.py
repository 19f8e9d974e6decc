"""Users: a person by codice fiscale, a member of the staff by username."""

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
        """The account of this codice fiscale, created at the first login; updates the names from the identity provider."""
        names = {"codice_fiscale": fiscal_code, "given_name": given_name, "family_name": family_name}
        # "!" is an unusable password: a person signs in with SPID, CIE or TS-CNS only
        user, is_new = self.get_or_create(username=fiscal_code, defaults={**names, "password": "!"})
        if not is_new and any(getattr(user, name) != value for name, value in names.items()):
            for name, value in names.items():
                setattr(user, name, value)
            user.save(update_fields=list(names))
        return user

    def create_staff(
        self,
        username: str,
        password: str,
        given_name: str = "",
        family_name: str = "",
        *,
        roles: Iterable[str] = (),
        whole_nation: bool = True,
    ) -> "User":
        """Creates a member of the staff. Without roles every staff page answers 403.

        `whole_nation`: False for an operator whose territory the caller writes in `limited_to`, or nobody chose yet.
        """
        user: User = self.model(
            username=username, given_name=given_name, family_name=family_name, is_staff=True, whole_nation=whole_nation
        )
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
    # set for a temporary password given by an administrator: valid for three days, to choose another
    password_given_at = models.DateTimeField(null=True, blank=True)
    # staff only: "042" is a region, "010-301" an ASL; empty: the whole nation if `whole_nation` says so, else nothing
    limited_to = models.JSONField("limitato a", default=list, blank=True)
    whole_nation = models.BooleanField("tutta l’Italia", default=False, db_default=False)

    # people only: a letter to the pharmacies' addresses when this person comes in from a browser never seen
    wants_login_letters = models.BooleanField("avvisi di accesso", default=True, db_default=True)

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
        """The StaffRole values of an enabled member of the staff, from the permissions of its groups; cached on the instance."""
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
        """The territory of a member of the staff; NOWHERE for everybody else, and until an administrator chooses one."""
        return Territory.chosen(self.limited_to, whole_nation=self.whole_nation)
