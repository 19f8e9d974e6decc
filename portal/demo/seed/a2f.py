"""Creates the official manual's two public users, so that the manual's requests work. Source: docs/contract.md, section 8."""

from datetime import datetime

from django.contrib.auth.hashers import make_password

from pharmacies.models import Pharmacy, Utenza
from portal.demo.public_users import DOCTOR, PUBLIC_USERS


def open_test_users(pharmacy: Pharmacy, now: datetime) -> None:
    """Creates both utenze with this pharmacy: its certified address receives their ids (manual 3.2). Idempotent.

    The doctor of a demonstration seeded before had no pharmacy, so no address: it gets one.
    """
    Utenza.objects.filter(user_id=DOCTOR.user_id, pharmacy=None).update(pharmacy=pharmacy)
    for user in PUBLIC_USERS:
        if Utenza.objects.filter(user_id=user.user_id).exists():
            continue
        region, asl, ssa = user.codes
        Utenza.objects.create(
            user_id=user.user_id, password=make_password(user.password), pincode=make_password(user.pincode),
            pharmacy=pharmacy, codice_fiscale=user.codice_fiscale, codice_regione=region, codice_asl=asl,
            codice_ssa=ssa, created_at=now, password_changed_at=now,
        )  # fmt: skip
