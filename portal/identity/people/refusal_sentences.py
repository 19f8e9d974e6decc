"""Sentences for a refused login: the official ones for the SPID codes, our own for the rest.

Source of the numbers: SPID technical rules, error messages (AgID); CIE uses the same numbers.
"""

from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from portal.identity.providers.base import SPID, SPID_PROFESSIONAL
from portal.time.said_lengths import said_in

_OUR_FAULT = "Accesso non riuscito per un problema tecnico del portale."
_WHAT_WITH_OUR_FAULT = "Non dipende da te. Riprova fra qualche minuto o entra in un altro modo; se continua, chiamaci."


@dataclass(frozen=True)
class Refusal:
    """The text of one page: `sentence` (what happened), `advice` (what to do); `status` is the HTTP status."""

    title: str
    sentence: str
    advice: str
    status: int = 403
    retry: bool = True  # False: trying again the same way cannot succeed
    word: str = "problema tecnico"  # the person quotes it to support when there is no official number


_BY_PROVIDER = {
    "19": Refusal(
        "Le credenziali non erano corrette",
        "Autenticazione fallita per ripetuta sottomissione di credenziali errate.",
        "Inserire credenziali corrette. Se non le ricordi, recuperale sul sito del tuo gestore di identità.",
    ),
    "20": Refusal(
        "Serve un livello di sicurezza più alto",
        "Utente privo di credenziali compatibili con il livello di autenticazione richiesto.",
        "Acquisire credenziali di livello idoneo all’accesso al servizio: per certificare l’e-mail della farmacia serve "
        "il livello 2 o superiore (password e codice temporaneo, oppure app).",
    ),
    "21": Refusal(
        "Il tempo è scaduto",
        "Timeout durante l’autenticazione utente.",
        "Si ricorda che l’operazione di autenticazione deve essere completata entro un determinato periodo di tempo. "
        "Tieni a portata di mano il telefono e riprova.",
    ),
    "22": Refusal(
        "Manca il consenso",
        "L’utente nega il consenso all’invio di dati al fornitore del servizio.",
        "È necessario dare il consenso per poter accedere al servizio. Chiediamo solo nome, cognome e codice fiscale.",
    ),
    "23": Refusal(
        "La tua identità digitale non è utilizzabile",
        "Utente con identità sospesa o revocata, o con credenziali bloccate.",
        "Contatta il tuo gestore di identità per riattivarla; nel frattempo puoi entrare in un altro modo.",
        retry=False,
    ),
    "25": Refusal(
        "Hai annullato l’accesso",
        "Processo di autenticazione annullato dall’utente.",
        "Se è stato un errore, riprova.",
    ),
    "30": Refusal(
        "Questa identità non è del tipo giusto",
        "L’identità digitale utilizzata è di tipo diverso da quello richiesto.",
        "Entra con la tua identità personale.",
    ),
}

# the provider itself shows 10; "wrong-request" stands for the errors of OpenID Connect, which have names, not numbers
OUR_REQUEST_IS_WRONG = frozenset([*(str(number) for number in range(8, 19)), "wrong-request"])

_OURS = {
    "replayed": Refusal(
        "Questa risposta è già stata usata",
        "La conferma della tua identità vale una volta sola, e questa ha già aperto un collegamento.",
        "Può succedere tornando indietro o ricaricando la pagina. Se non sei già dentro, ricomincia l’accesso.",
        status=400,
        word="risposta già usata",
    ),
    "unsolicited": Refusal(
        "Non aspettavamo questa risposta",
        "È arrivata una conferma di identità che da qui nessuno ha chiesto.",
        "Comincia l’accesso da questa pagina, non da un collegamento ricevuto o salvato.",
        status=400,
        word="risposta inattesa",
    ),
    "other-browser": Refusal(
        "L’accesso è cominciato da un’altra parte",
        "La conferma di identità vale solo nel browser in cui l’accesso è cominciato.",
        "Ricomincia da qui. Se era questo stesso browser, controlla che i cookie siano permessi.",
        status=400,
        word="altro browser",
    ),
    "expired": Refusal(
        "È passato troppo tempo",
        said_in("L’accesso va completato entro {} da quando lo cominci.", "LOGIN_PENDING_FOR"),
        "Ricomincia: non hai perso nulla di quanto già salvato.",
        status=400,
        word="tempo scaduto",
    ),
    "answer-expired": Refusal(
        "La conferma è arrivata tardi",
        "La conferma della tua identità vale pochi minuti, e questa era scaduta.",
        "Riprova. Se succede ancora, l’orologio di uno dei due sistemi è sbagliato: chiamaci.",
        status=400,
        word="conferma in ritardo",
    ),
    "stale": Refusal(
        "Serve una nuova autenticazione",
        "Il gestore ha risposto con un’autenticazione fatta prima di questo accesso.",
        "Riprova e completa di nuovo tutti i passaggi sul sito del gestore.",
        word="autenticazione non recente",
    ),
    "signature": Refusal(
        "La risposta non è affidabile",
        "La conferma di identità non è firmata come dovrebbe: non l’abbiamo accettata.",
        "Riprova. Se succede ancora, chiamaci: controlliamo con il gestore.",
        status=400,
        word="firma non valida",
    ),
    "malformed": Refusal(
        "La risposta non è come dovrebbe",
        "La conferma di identità non ha la forma prevista: non l’abbiamo accettata.",
        "Riprova. Se succede ancora, chiamaci: controlliamo con il gestore.",
        status=400,
        word="risposta malformata",
    ),
    "not-asked": Refusal(
        "Ha risposto un altro gestore",
        "La conferma di identità non viene dal gestore a cui l’avevamo chiesta.",
        "Ricomincia l’accesso e scegli il tuo gestore.",
        status=400,
        word="altro gestore",
    ),
    "not-for-us": Refusal(
        "La risposta non era per questo portale",
        "La conferma di identità è indirizzata a un altro servizio: non l’abbiamo accettata.",
        "Riprova. Se succede ancora, chiamaci: controlliamo con il gestore.",
        status=400,
        word="risposta per altri",
    ),
    "declined": Refusal(
        "Il gestore non ha confermato la tua identità",
        "Il gestore di identità ha rifiutato l’accesso senza indicare un motivo conosciuto.",
        "Riprova, o entra in un altro modo. Se succede ancora, chiedi al tuo gestore.",
        word="rifiuto del gestore",
    ),
    "access-denied": Refusal(
        "L’accesso è stato negato",
        "Il gestore di identità non ti ha fatto entrare: succede se si annulla, se non si dà il consenso o se le credenziali "
        "non bastano per il livello richiesto.",
        "Se è stato un errore, riprova: serve il livello 2 o superiore.",
        word="accesso negato",
    ),
    "login-required": Refusal(
        "Serve una nuova autenticazione",
        "Il gestore di identità ha chiesto di autenticarti di nuovo.",
        "Riprova e completa tutti i passaggi sul sito del gestore.",
        word="autenticazione richiesta",
    ),
    "unavailable": Refusal(
        "Il gestore di identità non risponde",
        "Non siamo riusciti a farci confermare la tua identità: il gestore non risponde, o risponde di avere un problema.",
        "Non dipende da te. Riprova fra qualche minuto o entra in un altro modo.",
        word="gestore non raggiungibile",
    ),
    "no-provider": Refusal(
        "Scegli il tuo gestore",
        "Per entrare così bisogna scegliere un gestore di identità fra quelli disponibili.",
        "Torna alla pagina di accesso e scegline uno, o entra in un altro modo.",
        status=400,
        word="nessun gestore",
    ),
    "no-codice-fiscale": Refusal(
        "Manca un codice fiscale italiano",
        "Il gestore non ha indicato un codice fiscale valido, e senza non sappiamo quali farmacie sono tue.",
        "Entra con un’identità digitale italiana, tua personale, oppure chiamaci.",
        word="codice fiscale mancante",
    ),
    "no-card": Refusal(
        "Non abbiamo visto la tessera",
        "Il browser non ha mostrato il certificato di nessuna tessera.",
        "Controlla che il lettore sia collegato, la tessera inserita dal lato del chip e il suo programma installato; poi "
        "chiudi tutte le finestre del browser, riaprilo e ricomincia. Quando il browser lo chiede, scegli il certificato e "
        "digita il PIN.",
        word="nessuna tessera",
    ),
    "wrong-card": Refusal(
        "Questa tessera non va bene per entrare",
        "Il certificato mostrato non è quello di autenticazione di una TS-CNS.",
        "Può essere il certificato di firma, o di un’altra tessera. Chiudi tutte le finestre del browser, riaprilo e scegli "
        "il certificato con il tuo codice fiscale; oppure entra in un altro modo.",
        word="tessera non adatta",
    ),
    "expired-card": Refusal(
        "Questa tessera è scaduta",
        "Il certificato della tessera non è valido oggi.",
        "Usa la tessera nuova, dopo averla attivata, o entra in un altro modo.",
        word="tessera scaduta",
    ),
    "inactive": Refusal(
        "Il tuo accesso al portale è sospeso",
        "La tua identità è corretta, ma il tuo accesso a questo portale è stato disabilitato.",
        "Chiama l’assistenza per sapere perché e per riattivarlo.",
        retry=False,
        word="accesso sospeso",
    ),
}


def refusal_of(code: str, door: str = "") -> Refusal:
    """The page for this code. An unknown code, and SPID 8-18 and 24 (our request was wrong), is a technical problem of ours.

    `door`: the key of the tried button (base.WayIn) where SPID has two; outcome 30 then names the other one.
    """
    known = _of_two_doors(code, door) or _of_the_brake(code) or _BY_PROVIDER.get(code) or _OURS.get(code)
    known = known or Refusal("Accesso non riuscito", _OUR_FAULT, _WHAT_WITH_OUR_FAULT)
    return replace(known, sentence=str(known.sentence), advice=str(known.advice))  # some have a number put in here


def _of_the_brake(code: str) -> Refusal | None:
    if code != "too-many-begun":
        return None
    return Refusal(
        _("Troppi accessi cominciati"),
        _("Dalla tua rete sono cominciati troppi accessi in pochi minuti, oppure in questo momento entrano in tanti."),
        _("Aspetta qualche minuto e riprova. Gli ID SESSIONE che hai già continuano a valere."),
        status=429,
        word=_("troppi accessi"),
    )


def _of_two_doors(code: str, door: str) -> Refusal | None:
    """The pages about identities for professional use (SPID, Avviso 18)."""
    if code == "legal-person":
        return Refusal(
            _("Questa identità è di un’impresa, non di una persona"),
            _(
                "Il gestore non ha indicato il codice fiscale di una persona: succede con l’identità digitale della società."
            ),
            _(
                "Qui serve il codice fiscale di chi entra. Usa la tua identità personale, oppure un’identità per uso "
                "professionale rilasciata a te, anche per conto dell’impresa."
            ),
            word=_("identità di un’impresa"),
        )
    if code != "30" or not door:
        return None
    names = {"personal": SPID.label, "professional": SPID_PROFESSIONAL.label}
    if door == SPID.key:
        return Refusal(
            _("Questa identità non è del tipo giusto"),
            _(
                "Con «Entra con %(personal)s» si entra con l’identità personale: quella che hai usato è di un altro tipo."
            )
            % names,
            _(
                "Se è per uso professionale, premi qui sotto «Entra con %(professional)s». Altrimenti riprova con la tua "
                "identità personale."
            )
            % names,
        )
    return Refusal(
        _("Questa identità non è per uso professionale"),
        _("Con «Entra con %(professional)s» si entra solo con un’identità di quel tipo.") % names,
        _(
            "Se hai usato la tua identità personale, premi qui sotto «Entra con %(personal)s»: qui vale allo stesso modo. Se hai "
            "anche un’identità per uso professionale, riprova con il gestore che te l’ha data."
        )
        % names,
    )


def spoken(code: str) -> str:
    """The code as the page shows it: the official number or our short word, never the internal name."""
    return code if code.isascii() and code.isdigit() else refusal_of(code).word
