from sessions.models.certificate import PincodeCertificate
from sessions.models.context import Context
from sessions.models.id_sessione import IdSessione, State
from sessions.models.reminder import NightDuty, Reminder, ReminderSettings
from sessions.models.support_note import SupportNote

__all__ = [
    "Context",
    "IdSessione",
    "NightDuty",
    "PincodeCertificate",
    "Reminder",
    "ReminderSettings",
    "State",
    "SupportNote",
]
