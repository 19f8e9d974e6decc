"""Creates the pharmacies of the day in an empty database: `python -m tests.day.filling COUNT SEED [REGISTER]`."""

import tests.day.inside  # isort: skip  # noqa: F401

import sys
from datetime import timedelta
from random import Random

from django.core.management import call_command

from pharmacies.models import MailCertification, Office, Pharmacy, Utenza
from portal.identity.models import User
from sessions.hours.week import Week, read_day
from sessions.models import NightDuty, ReminderSettings
from tests.day import shape, sink

CODICE_FISCALE = "RSSNNA80A41H501L"
AT_ONCE = 2000  # rows in one statement
# Mail providers and their shares in per cent, as pharmacies really use them; the rest have a domain of their own.
PROVIDERS: tuple[tuple[str, int], ...] = (
    ("gmail.example", 34),
    ("libero.example", 14),
    ("alice.example", 8),
    ("tin.example", 6),
    ("hotmail.example", 6),
)


def fill(count: int, seed: int, register: str | None) -> int:
    """Creates `count` pharmacies, from a file of the national register or invented, and returns how many there are."""
    call_command("migrate", verbosity=0)
    if register is not None:
        call_command("import_pharmacies", register, verbosity=0)
        shops = list(Pharmacy.objects.filter(closed_on=None).order_by("pk")[:count])
    else:
        shops = Pharmacy.objects.bulk_create(
            [Pharmacy(code=f"I{n}", name=f"Farmacia {n}", comune="TRENTO") for n in range(count)], batch_size=AT_ONCE
        )
    habits, before = shape.habits(len(shops), seed), shape.BEGINS - timedelta(days=1)
    anna = User.objects.for_person(CODICE_FISCALE, "Anna", "Rossi")
    Office.objects.bulk_create(
        [
            Office(pharmacy=shop, codice_fiscale=CODICE_FISCALE, role=Office.Role.TITOLARE, since=before)
            for shop in shops
        ],
        batch_size=AT_ONCE,
    )
    addresses = _addresses(habits, seed)
    MailCertification.objects.bulk_create(
        [
            MailCertification(
                pharmacy=shop, address=address, address_key=address, requested_by=anna, requested_at=before,
                certified_at=before, certified_by=anna,
            ) for shop, address in zip(shops, addresses, strict=True)
        ], batch_size=AT_ONCE,
    )  # fmt: skip
    Utenza.objects.bulk_create(
        [
            Utenza(
                pharmacy=shop, user_id=f"UI{n:06}", codice_fiscale=CODICE_FISCALE, codice_regione="042", codice_asl="001",
                codice_ssa="045120", created_at=before, password_changed_at=before,
            ) for n, shop in enumerate(shops)
        ], batch_size=AT_ONCE,
    )  # fmt: skip
    weeks = {hours: Week((read_day(hours),) * 7).dump() for hours, _ in shape.WEEKS if hours}
    with_hours = [(shop, habit) for shop, habit in zip(shops, habits, strict=True) if habit.hours]
    ReminderSettings.objects.bulk_create(
        [ReminderSettings(pharmacy=shop, hours=weeks[habit.hours]) for shop, habit in with_hours], batch_size=AT_ONCE
    )
    NightDuty.objects.bulk_create(
        [NightDuty(pharmacy=shop, evening=shape.DAY) for shop, habit in with_hours if habit.night]
    )
    return len(shops)


def _addresses(habits: list[shape.Habit], seed: int) -> list[str]:
    chance, names, shares = Random(seed + 2), [name for name, _ in PROVIDERS], [share for _, share in PROVIDERS]
    made = []
    for number, habit in enumerate(habits):
        own = chance.random() > sum(shares) / 100
        domain = f"farmacia{number}.example" if own else chance.choices(names, shares)[0]
        made.append(f"id{number}@{sink.REFUSED_DOMAIN if habit.refuses else domain}")
    return made


if __name__ == "__main__":
    print(fill(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else None))
