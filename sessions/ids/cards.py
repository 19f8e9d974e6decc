"""The facts that a page shows about one id, computed from its row and the current instant."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext

from pharmacies import site_words
from sessions.models import IdSessione, State
from sessions.models.id_sessione import EXPIRING_WITHIN as EXPIRING_WITHIN


@dataclass(frozen=True)
class IdCard:
    row: IdSessione
    now: datetime

    @property
    def state(self) -> State:
        return self.row.state(self.now)

    @property
    def is_live(self) -> bool:
        return self.row.is_live(self.now)

    @property
    def may_be_revoked(self) -> bool:
        """Live, or stopped by the closing of its pharmacy: a reopening makes it live again."""
        return self.row.is_within_hours(self.now)

    @property
    def is_in_use(self) -> bool:
        return self.state is State.ATTIVO

    @property
    def is_expiring(self) -> bool:
        return self.is_live and self.row.expires_at - self.now <= EXPIRING_WITHIN

    @property
    def kind(self) -> str:
        """Colour of the pill and the bar: `ok`, `warn`, `off`. Expiry is the normal end of an id, so it is no alarm."""
        if self.is_live:
            return "warn" if self.is_expiring else "ok"
        return "off"

    @property
    def word(self) -> str:
        """The state, in the words of the pill."""
        if self.may_be_revoked and not self.is_live:
            return site_words.about(gettext("Fermo: %(noun)s chiusa"), self.row.pharmacy)
        return f"{self.state.value}, in scadenza" if self.is_expiring else self.state.value

    @property
    def letter_failed(self) -> bool:
        """Whether its letter was refused, and nothing shows that the id arrived another way."""
        return self.row.letter.failed_at is not None and self.row.first_used_at is None

    @property
    def percent(self) -> int:
        return self.row.left_percent(self.now)

    @property
    def how_it_ended(self) -> str:
        """`Sostituito`, `Revocato`, `Scaduto`; `Scade` while it lives."""
        if self.is_live:
            return "Scade"
        return "Sostituito" if self.row.replaced_by_id else self.state.value

    @property
    def ended_at(self) -> datetime:
        """When it ended or will end (UTC)."""
        if self.state is State.REVOCATO:
            return self.row.ended_early_at(self.now) or self.row.expires_at
        return self.row.expires_at


def current(ids: list[IdSessione], now: datetime) -> list[IdCard]:
    """A card for each of these live ids, the Attivo first."""
    return sorted((IdCard(row, now) for row in ids), key=lambda card: not card.is_in_use)
