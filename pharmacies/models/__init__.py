from pharmacies.models.certification import MailCertification
from pharmacies.models.codice_validazione import CodiceValidazione
from pharmacies.models.office import Office
from pharmacies.models.pharmacy import Pharmacy
from pharmacies.models.utenza import Utenza

__all__ = ["CodiceValidazione", "MailCertification", "Office", "Pharmacy", "Utenza"]
