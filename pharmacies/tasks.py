"""The periodic tasks of this app; the timetable in portal/celery.py runs them."""

from celery import shared_task

from pharmacies.certification import succession
from pharmacies.certification.reachability import clear_marks as clear
from pharmacies.people import role_requests
from pharmacies.register.nightly import refresh
from portal.time import database_clock


@shared_task
def clear_marks() -> None:
    """Clears the marks of addresses that received a later letter. Idempotent; may run twice at the same time."""
    clear(database_clock.now())


@shared_task
def ask_to_confirm() -> None:
    """Writes the letters that ask a new holder to confirm the address. Idempotent; may run twice at the same time."""
    succession.ask(database_clock.now())


@shared_task
def tell_role_requests() -> None:
    """Writes the letters about requests of people. Idempotent; may run twice at the same time."""
    role_requests.tell(database_clock.now())


@shared_task
def refresh_registers() -> None:
    """Refreshes the national register that is due, once a night. May run twice at the same time: a lease lets one work."""
    refresh.refresh_due(database_clock.now())
