from sessions.models.bulk import BulkItem, BulkJob
from sessions.models.calendar_days import Closure, DayDuty, NightDuty, OpenHoliday
from sessions.models.calendar_link import CalendarLink
from sessions.models.certificate import PincodeCertificate
from sessions.models.context import AskableContext, Context
from sessions.models.grace import DailyProof, GraceCalls
from sessions.models.id_sessione import IdSessione, State
from sessions.models.ready_at_opening import ReadyAtOpening
from sessions.models.reminder import Reminder, ReminderSettings
from sessions.models.reminder_copy import ReminderCopy
from sessions.models.semaforo_link import SemaforoLink
from sessions.models.support_note import SupportNote
from sessions.models.webhook import Webhook, WebhookCall

__all__ = [
    "AskableContext",
    "BulkItem",
    "BulkJob",
    "CalendarLink",
    "Closure",
    "Context",
    "DailyProof",
    "DayDuty",
    "GraceCalls",
    "IdSessione",
    "NightDuty",
    "OpenHoliday",
    "PincodeCertificate",
    "ReadyAtOpening",
    "Reminder",
    "ReminderCopy",
    "ReminderSettings",
    "SemaforoLink",
    "State",
    "SupportNote",
    "Webhook",
    "WebhookCall",
]
