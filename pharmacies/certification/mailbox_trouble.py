"""Explains on the pharmacy's pages why the certified address fails: the cause, the side at fault, and the remedy."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from portal.outbox.letter_outcome import ONLY_PEC, reason
from portal.outbox.reasons import Reason
from portal.secrets.masking import domain_of

if TYPE_CHECKING:
    from pharmacies.models import MailCertification
    from portal.outbox.models import OutgoingMail

BAD, WARN = "bad", "warn"


@dataclass(frozen=True)
class MailboxTrouble:
    """`advice`: for titolare and direttore, "" when there is nothing to do. `is_ours`: the portal's fault, not the mailbox's."""

    kind: str
    pill: str
    title: str
    words: str
    advice: str = ""
    is_ours: bool = False


def trouble_of(certification: "MailCertification") -> MailboxTrouble | None:
    """Returns the trouble with this address; None when the last letter was delivered or is under way."""
    letter = certification.last_letter
    if certification.undeliverable_at is not None:
        return _dead(certification)
    if letter is None or certification.was_before_it_worked(letter.created_at):
        return None
    return _of_letter(letter)


def _of_letter(letter: "OutgoingMail") -> MailboxTrouble | None:
    domain, is_over = domain_of(letter.recipient), letter.failed_at is not None
    if letter.refusal is Reason.ABOUT_US or (is_over and letter.refusal is None):
        return _ours(letter)
    if letter.refusal is Reason.FULL:
        return _full(domain, is_over)
    if letter.refusal is Reason.RULE:
        return _rule(letter, domain)
    if not is_over:
        return None
    if letter.refusal is Reason.LATER:
        return MailboxTrouble(
            WARN, _("Consegna mancata"), _("L’ultimo messaggio non è arrivato in tempo"),
            _("Il server di %(domain)s ci ha chiesto di aspettare finché il messaggio non serviva più.") % {"domain": domain},
            _("La casella non risulta guasta: se ti serve un ID SESSIONE, chiedine un altro."),
        )  # fmt: skip
    return MailboxTrouble(
        BAD, _("Non raggiungibile"), _("L’ultimo messaggio è stato rifiutato"),
        _("Il server di %(domain)s ha rifiutato l’ultimo messaggio: %(why)s. Il prossimo potrebbe non arrivare.")
        % {"domain": domain, "why": reason(letter.last_answer, letter.reason) or _("senza dire perché")},
        _("Controlla che la casella esista e funzioni. Poi, con «Modifica», scrivi di nuovo lo stesso indirizzo oppure un altro."),
    )  # fmt: skip


def _dead(certification: "MailCertification") -> MailboxTrouble:
    return MailboxTrouble(
        BAD, _("Non raggiungibile"), _("L’indirizzo non è raggiungibile"),
        _("Per il server di %(domain)s la casella non esiste o è stata chiusa: finché non si risolve gli ID SESSIONE non arrivano.")
        % {"domain": domain_of(certification.address)},
        _("Se la casella ora funziona, premi «Prova di nuovo» oppure, con «Modifica», scrivi di nuovo lo stesso indirizzo: "
          "ti inviamo un codice. Se non esiste più, indica un altro indirizzo."),
    )  # fmt: skip


def _ours(letter: "OutgoingMail") -> MailboxTrouble:
    waits = letter.failed_at is None
    return MailboxTrouble(
        WARN, _("Guasto nostro"), _("Il guasto è nostro, non della tua casella"),
        _("L’ultimo messaggio non è arrivato perché il portale non riesce a consegnare la posta a %(domain)s. L’assistenza lo sa.")
        % {"domain": domain_of(letter.recipient)},
        _("Non devi fare nulla: continuiamo a riprovare e il messaggio parte appena possibile.") if waits
        else _("La casella va bene così. Se ti serve un ID SESSIONE, chiedine un altro o chiama l’assistenza."),
        is_ours=True,
    )  # fmt: skip


def _full(domain: str, is_over: bool) -> MailboxTrouble:
    return MailboxTrouble(
        BAD if is_over else WARN, _("Non raggiungibile") if is_over else _("Casella piena"), _("La casella è piena"),
        _("Il server di %(domain)s non prende altri messaggi finché nella casella non c’è posto.") % {"domain": domain},
        _("Cancella qualche messaggio e svuota il cestino. Poi chiedi un nuovo ID SESSIONE.") if is_over
        else _("Cancella qualche messaggio e svuota il cestino: riproviamo da soli, non serve chiedere un altro ID."),
    )  # fmt: skip


def _rule(letter: "OutgoingMail", domain: str) -> MailboxTrouble:
    if reason(letter.last_answer, letter.reason) == ONLY_PEC:
        return MailboxTrouble(
            BAD, _("Non raggiungibile"), _("La casella riceve solo posta certificata"),
            _("È una PEC, e rifiuta la posta ordinaria: gli ID SESSIONE non possono arrivarci."),
            _("Indica un indirizzo e-mail ordinario, oppure chiedi al gestore della PEC di accettare la posta ordinaria."),
        )  # fmt: skip
    return MailboxTrouble(
        BAD, _("Non raggiungibile"), _("La casella rifiuta i nostri messaggi"),
        _("Una regola della casella, o di chi la gestisce presso %(domain)s, rifiuta i messaggi del portale.") % {"domain": domain},
        _("Togli la regola o il blocco del mittente, oppure indica un altro indirizzo."),
    )  # fmt: skip
