"""The columns that the archive shows of each model. No list names hashes, sealed copies, codes or fingerprints."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from pharmacies.models import MailCertification, Office, Pharmacy, Utenza
from portal.identity.models import User
from portal.journal.models import Entry
from portal.outbox.models import OutgoingMail
from portal.secrets.masking import mask_address, mask_addresses_in, mask_codice_fiscale, mask_people_in
from sessions.models import Context, IdSessione, Reminder
from sessions.staff.archive.read_only import ReadOnly


class PharmacyAdmin(ReadOnly):
    slug, code_is, personal = "farmacie", "code", False
    list_display = ("code", "name", "comune", "province", "region", "closed_on")
    fields = (
        "code", "name", "partita_iva", "address", "cap", "comune", "comune_code", "province", "region_code", "region",
        "asl_code", "type", "valid_from", "closed_on", "closing_waits", "absent_since", "doubts", "imported_at",
    )  # fmt: skip


class OfficeAdmin(ReadOnly):
    slug, code_is = "incarichi", "pharmacy__code"
    with_rows = ("pharmacy",)
    list_display = ("pharmacy", "person", "role", "since", "until")
    fields = list_display

    @admin.display(description="persona")
    def person(self, row: Office) -> str:
        return mask_codice_fiscale(row.codice_fiscale)


class UtenzaAdmin(ReadOnly):
    slug, code_is = "utenze", "pharmacy__code"
    with_rows = ("pharmacy", "blocked_by")
    list_display = ("user_id", "pharmacy", "created_at", "disabled_at", "blocked_at")
    fields = (
        "user_id", "pharmacy", "person", "codice_regione", "codice_asl", "codice_ssa", "created_at",
        "password_changed_at", "disabled_at", "blocked_at", "blocked_by", "blocked_because", "unblocked_at",
    )  # fmt: skip
    labels = {"blocked_by": "bloccata da"}

    def get_queryset(self, request: HttpRequest) -> "models.QuerySet[Any]":
        return super().get_queryset(request).defer("password", "pincode")

    @admin.display(description="persona")
    def person(self, row: Utenza) -> str:
        return mask_codice_fiscale(row.codice_fiscale)


class CertificationAdmin(ReadOnly):
    slug, code_is = "certificazioni", "pharmacy__code"
    with_rows = ("pharmacy", "requested_by", "certified_by")
    list_display = ("pharmacy", "mailbox", "requested_at", "certified_at", "replaced_at", "revoked_at")
    fields = (
        "pharmacy", "mailbox", "requested_by", "requested_at", "failed_attempts", "certified_at", "certified_by",
        "certified_with", "withdrawn_at", "replaced_at", "revoked_at", "undeliverable_at", "reachable_again_at",
    )  # fmt: skip

    @admin.display(description="indirizzo")
    def mailbox(self, row: MailCertification) -> str:
        return mask_address(row.address)


class IdAdmin(ReadOnly):
    slug, code_is = "id-sessione", "pharmacy__code"
    with_rows = ("pharmacy", "utenza", "context", "requested_by")
    list_display = ("pharmacy", "context", "requested_at", "expires_at", "first_used_at", "revoked_at")
    fields = (
        "pharmacy", "utenza", "context", "requested_at", "requested_by", "expires_at", "first_used_at", "last_used_at",
        "uses", "revoked_at", "closed_at",
    )  # fmt: skip
    labels = {"utenza": "utenza", "requested_by": "richiesto da", "closed_at": "scaduto, come visto il"}

    def get_queryset(self, request: HttpRequest) -> "models.QuerySet[Any]":
        secrets = (
            "digest",
            "sealed",
            "fingerprint",
            "service_fingerprint",
            "pincode_fingerprint",
            "utenza__password",
            "utenza__pincode",
        )
        return super().get_queryset(request).defer(*secrets)


class ReminderAdmin(ReadOnly):
    slug, code_is = "promemoria", "pharmacy__code"
    with_rows = ("pharmacy",)
    list_display = ("pharmacy", "channel", "minutes_before", "due_at", "settled_at", "skipped_because")
    fields = list_display
    labels = {
        "pharmacy": "farmacia", "channel": "come", "minutes_before": "minuti prima della scadenza", "due_at": "da dire il",
        "settled_at": "concluso il", "skipped_because": "non detto perché",
    }  # fmt: skip


class LetterAdmin(ReadOnly):
    slug, code_is = "messaggi", "about"
    list_display = ("about", "kind", "to", "created_at", "accepted_at", "failed_at")
    fields = (
        "about", "kind", "priority", "to", "created_at", "next_attempt_at", "give_up_at", "attempts", "accepted_at",
        "failed_at", "withdrawn_at", "last_answer",
    )  # fmt: skip
    labels = {"next_attempt_at": "prossimo tentativo", "give_up_at": "inutile dopo il"}

    def get_queryset(self, request: HttpRequest) -> "models.QuerySet[Any]":
        return super().get_queryset(request).defer("sealed_source")

    @admin.display(description="destinatario")
    def to(self, row: OutgoingMail) -> str:
        return mask_address(row.recipient)


class JournalAdmin(ReadOnly):
    slug, code_is = "registro", "about"
    list_display = ("at", "by", "text", "about", "origin")
    fields = ("at", "by", "text", "verb", "about", "subject", "origin")
    labels = {"verb": "verbo", "about": "farmacia", "subject": "oggetto"}

    @admin.display(description="chi")
    def by(self, row: Entry) -> str:
        """The actor's name at that time; without a name, the masked codice fiscale."""
        return mask_people_in(row.who)

    @admin.display(description="che cosa")
    def text(self, row: Entry) -> str:
        return mask_addresses_in(row.sentence)


class ContextAdmin(ReadOnly):
    slug, personal = "contesti", False
    list_display = ("contesto", "applicazione", "title", "hours", "policy")
    fields = (*list_display, "required_fields", "allowed_tipo", "askable_by")

    @admin.display(description="lo può chiedere")
    def askable_by(self, row: Context) -> str:
        return ", ".join(str(kind.label) for kind in row.askable_types) or "nessuno"


class OperatorAdmin(ReadOnly):
    """Accounts of the staff only, none of a pharmacy's people."""

    slug, title = "operatori", "Operatori"
    list_display = ("username", "full_name", "their_roles", "limited_to", "whole_nation", "is_active", "last_login")
    fields = (*list_display, "is_superuser", "created_at")
    labels = {"full_name": "nome", "is_superuser": "tutti i ruoli"}

    def get_queryset(self, request: HttpRequest) -> "models.QuerySet[Any]":
        return super().get_queryset(request).filter(is_staff=True).defer("password").prefetch_related("groups")

    @admin.display(description="ruoli")
    def their_roles(self, row: User) -> str:
        return ", ".join(sorted(group.name for group in row.groups.all()))


SHOWN: dict[type[models.Model], type[ReadOnly]] = {
    Pharmacy: PharmacyAdmin, Office: OfficeAdmin, Utenza: UtenzaAdmin, MailCertification: CertificationAdmin, IdSessione: IdAdmin,
    Reminder: ReminderAdmin, OutgoingMail: LetterAdmin, Entry: JournalAdmin, Context: ContextAdmin, User: OperatorAdmin,
}  # fmt: skip
