"""The two public users of the official manual; existing test suites use them. Source: docs/contract.md, section 8."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PublicUser:
    """One user printed in the manual, so nothing of it is secret."""

    user_id: str
    password: str
    pincode: str
    codice_fiscale: str
    codes: tuple[str, str, str]  # regione, ASL/AO, SSA
    applicazione: str


PHARMACY = PublicUser("UV386Q5B", "SALVE", "1729594276", "BBTMRZ54L19H501T", ("130", "204", "78909"), "EROGATORE")
DOCTOR = PublicUser(
    "PROVAX00X00X000Y", "Salve123", "1234567890", "PROVAX00X00X000Y", ("130", "202", "000000"), "PRESCRITTORE"
)
PUBLIC_USERS = (PHARMACY, DOCTOR)
USERS = tuple(user.user_id for user in PUBLIC_USERS)
# The pincode of PHARMACY as the manual prints it, encrypted with a key that the portal does not have; TEST mode accepts it.
PRINTED_PINCODE = (
    "V32MgmSgqebDBi+KCAwlDHCq4QsmCjK/OBtkRyMjbzoFQpFBKmS16dY7r98k4LaC3UT7h7oL0dKZbLsuOmFj/F8+oC0DRcBQdTZPGsbkb+v"
    "FrY1G0Y9NGDxJMrYMeEt2yeG9UuzUt7ouLW9A+iw91HyxOoZtZ73J+HK33bKu6cc="
)
