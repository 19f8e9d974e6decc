from portal.outbox.models.bounce import Bounce
from portal.outbox.models.dead_mailbox import DeadMailbox
from portal.outbox.models.domain import MailDomain, Rest
from portal.outbox.models.letter import OutgoingMail
from portal.outbox.models.priority import Priority
from portal.outbox.models.unread import UnreadReport

__all__ = ["Bounce", "DeadMailbox", "MailDomain", "OutgoingMail", "Priority", "Rest", "UnreadReport"]
