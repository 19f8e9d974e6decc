"""The invented people of the demonstration. Nobody here exists; the codici fiscali are only well formed.

The stub identity providers list them, and `seed_demo` gives them their offices. The tests use Anna, Bruno and Dario too.
"""

from dataclasses import dataclass

from portal.identity.roles import StaffRole


@dataclass(frozen=True)
class Person:
    """A person to log in as; `who` is the Italian description beside the name on the stub providers' pages."""

    key: str
    given_name: str
    family_name: str
    codice_fiscale: str
    who: str

    @property
    def full_name(self) -> str:
        return f"{self.given_name} {self.family_name}"


ANNA = Person("anna", "Anna", "Rossi", "RSSNNA80A41H501L", "titolare di una farmacia con e-mail certificata")
BRUNO = Person("bruno", "Bruno", "Bianchi", "BNCBRN75B12F205N", "titolare di una farmacia da certificare")
GIULIA = Person("giulia", "Giulia", "Ferraro", "FRRGLI71E63L378K", "direttrice di tre farmacie")
ELENA = Person("elena", "Elena", "Moro", "MROLNE90P48G224U", "delegata della farmacia di Anna Rossi")
NICCOLO = Person("niccolo", "Niccolò", "D’Amico", "DMCNCL79S02G273R", "titolare, con accento e apostrofo nel nome")
MARIA = Person("maria", "Maria", "Bruni", "BRNMRA84D55H50MN", "titolare, codice fiscale con omocodia")
PAOLA = Person("paola", "Paola", "Sartori", "SRTPLA77H50L378X", "titolare di una parafarmacia")
FRANCO = Person("franco", "Franco", "Galli", "GLLFNC86L14A944A", "dipendente di farmacia, senza alcun ruolo")
DARIO = Person("dario", "Dario", "Verdi", "VRDDRA82C03L219M", "persona sconosciuta al portale")

PEOPLE = (ANNA, BRUNO, GIULIA, ELENA, NICCOLO, MARIA, PAOLA, FRANCO, DARIO)


@dataclass(frozen=True)
class Operator:
    """An operator; `limited_to` and `whole_nation` as in User."""

    username: str
    given_name: str
    family_name: str
    roles: tuple[str, ...]
    who: str
    limited_to: tuple[str, ...] = ()

    @property
    def whole_nation(self) -> bool:
        return not self.limited_to

    @property
    def full_name(self) -> str:
        return f"{self.given_name} {self.family_name}"


# The operators share one password and one authenticator app; `manage.py up` prints them, and the login pages show them.
CARLA = Operator("carla", "Carla", "Neri", tuple(StaffRole.values), "tutti i ruoli")
OPERATORS = (
    CARLA,
    Operator("livia", "Livia", "Serra", ("lettura",), "lettura: guarda e basta, solo la provincia di Trento", ("042",)),
    Operator("sandro", "Sandro", "Pace", ("assistenza",), "assistenza: invia di nuovo, sblocca, scrive note"),
    Operator("silvia", "Silvia", "Costa", ("sicurezza",), "sicurezza: revoca, blocca, legge il registro attività"),
    Operator("agnese", "Agnese", "Conti", ("anagrafica",), "anagrafica: persone delle farmacie e utenze"),
    Operator("amedeo", "Amedeo", "Fonti", ("amministrazione",), "amministrazione: operatori, contesti, certificati"),
)
STAFF_USERNAME = CARLA.username
STAFF_PASSWORD = "prova-operatori-2026"
STAFF_TOTP_SECRET = "PROVAPORTALEFARMACIEPROVAPORTALE"  # base32, 160 bits


def person(key: str) -> Person | None:
    """Returns the person with this key, or None."""
    return next((one for one in PEOPLE if one.key == key), None)
