from pharmacies.models.asl_of_comune import AslOfComune
from pharmacies.models.certification import MailCertification
from pharmacies.models.codice_validazione import CodiceValidazione
from pharmacies.models.copy_mailbox import CopyMailbox
from pharmacies.models.office import MAY_CERTIFY, Office, OfficeSource
from pharmacies.models.office_import import OfficeImport
from pharmacies.models.pec_domain import PecDomain
from pharmacies.models.pharmacy import NationalRegister, Pharmacy
from pharmacies.models.place_correction import PlaceCorrection
from pharmacies.models.register_change import RegisterChange
from pharmacies.models.register_import import RegisterImport
from pharmacies.models.register_source import RegisterSource
from pharmacies.models.role_request import RoleRequest
from pharmacies.models.utenza import Utenza

__all__ = [
    "MAY_CERTIFY",
    "AslOfComune",
    "CodiceValidazione",
    "CopyMailbox",
    "MailCertification",
    "NationalRegister",
    "Office",
    "OfficeImport",
    "OfficeSource",
    "PecDomain",
    "Pharmacy",
    "PlaceCorrection",
    "RegisterChange",
    "RegisterImport",
    "RegisterSource",
    "RoleRequest",
    "Utenza",
]
