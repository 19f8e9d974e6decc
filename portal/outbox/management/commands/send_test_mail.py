"""`manage.py send_test_mail ADDRESS`: sends one test letter and shows the mail server's answer."""

from datetime import timedelta
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.db import transaction

from portal.outbox.letters import Envelope, post
from portal.outbox.models import OutgoingMail
from portal.outbox.sending.delivery import deliver
from portal.outbox.verp import sender_of
from portal.time import database_clock

USEFUL_FOR = timedelta(minutes=5)


class Command(BaseCommand):
    help = "Sends one letter through the outbox at once and tells what the SMTP server of EMAIL_URL answered; 1 if it refused."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", help="where to; the letter says that it is a test")

    def handle(self, *, address: str, **options: Any) -> None:
        try:
            validate_email(address)
        except ValidationError as error:
            raise CommandError("ADDRESS is not an e-mail address.") from error
        now = database_clock.now_to_write()
        with transaction.atomic():
            letter = post(Envelope(OutgoingMail.Kind.NOTICE, "", now, now + USEFUL_FOR), address, "test", {})
            (claimed,) = OutgoingMail.objects.filter(pk=letter.pk).claim(now, 1)  # before a worker does
        sender = sender_of(letter.pk, parseaddr(settings.DEFAULT_FROM_EMAIL)[1])
        self.stdout.write(f"server      {settings.EMAIL_HOST}:{settings.EMAIL_PORT}")
        self.stdout.write(
            f"sender      {sender}{'' if settings.BOUNCE_DOMAIN else ' (no BOUNCE_DOMAIN: reports are not read)'}"
        )
        self.stdout.write(f"Message-ID  {letter.message_id}")
        deliver(claimed, now)
        letter.refresh_from_db()
        if not letter.accepted_at:
            letter.cancel(database_clock.now())  # so that no worker sends it later
            raise CommandError(f"Not accepted: {letter.last_answer}")
        self.stdout.write(f"accepted    {letter.last_answer}")
