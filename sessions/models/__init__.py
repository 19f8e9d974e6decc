from sessions.models.certificate import PincodeCertificate
from sessions.models.context import Context
from sessions.models.id_sessione import IdSessione, State
from sessions.models.reminder import Reminder, ReminderSettings

__all__ = ["Context", "IdSessione", "PincodeCertificate", "Reminder", "ReminderSettings", "State"]
