"""A passkey of an operator (WebAuthn): a second factor beside the app of portal/identity/models/staff.py."""

from hashlib import sha256

from django.db import models
from django_otp.models import Device, TimestampMixin

from portal.database.claims import hold
from portal.identity.models.person import User

LONGEST_LABEL = 40  # characters


class StaffPasskey(TimestampMixin, Device):
    """The public key of one authenticator. Nothing here is secret: the private key never leaves the authenticator.

    `counter` is the signature counter of its last use; 0 for authenticators that do not count.
    """

    credential = models.BinaryField()  # attested credential data: id of the credential and public key (WebAuthn, 6.5.1)
    credential_hash = models.CharField(max_length=64, unique=True)  # SHA-256 of the id: one passkey has one owner
    counter = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = "passkey di un operatore"
        verbose_name_plural = "passkey degli operatori"

    @staticmethod
    def hash_of(credential_id: bytes) -> str:
        return sha256(credential_id).hexdigest()


def forget_passkeys(user: User) -> None:
    """Deletes all passkeys of the user, in key order. The caller holds the lock on the user."""
    StaffPasskey.objects.filter(pk__in=hold(StaffPasskey.objects.filter(user=user))).delete()
