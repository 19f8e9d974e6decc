"""Tables of users, logins, staff access and identity providers."""

from portal.identity.models.browser_session import BrowserSession, PersonSession, StaffSession
from portal.identity.models.failure import PasswordFailure
from portal.identity.models.login import LOGINS, LoginLink, LoginRecord, LoginTransaction
from portal.identity.models.person import User, UserManager
from portal.identity.models.registry import RegisteredProvider, RegistryReading
from portal.identity.models.staff import StaffTotp
from portal.identity.models.staff_access import StaffRecoveryCode
from portal.identity.models.staff_mailbox import StaffMailbox
from portal.identity.models.staff_passkey import StaffPasskey

__all__ = [
    "LOGINS",
    "BrowserSession",
    "LoginLink",
    "LoginRecord",
    "LoginTransaction",
    "PasswordFailure",
    "PersonSession",
    "RegisteredProvider",
    "RegistryReading",
    "StaffMailbox",
    "StaffPasskey",
    "StaffRecoveryCode",
    "StaffSession",
    "StaffTotp",
    "User",
    "UserManager",
]
