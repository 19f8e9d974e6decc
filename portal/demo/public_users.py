"""The manual's two public users, under the name that the demonstration's modules and tests use."""

from portal.values.public_users import DOCTOR, PHARMACY, PRINTED_PINCODE, PUBLIC_USERS, USERS, PublicUser

__all__ = ["DOCTOR", "PHARMACY", "PRINTED_PINCODE", "PUBLIC_USERS", "USERS", "PublicUser"]
