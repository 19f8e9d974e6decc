"""Why no id can be issued or sent now. The sentence for a person is in sessions/ids/views.py, the A2F code in sessions/soap."""


class IssuingRefused(Exception):
    """No id can be issued or sent now."""


class NoCertifiedAddress(IssuingRefused):
    """The pharmacy has no certified address: there is nowhere to send the id (A2F 200)."""


class AddressUnreachable(IssuingRefused):
    """The certified address permanently refuses mail: the id would never arrive (A2F 100)."""


class ContextNotForSite(IssuingRefused):
    """No site of this type, or no site at all, may ask for ids of this context: a parafarmacia serves no SSN prescription (A2F 9998)."""


class ClockAstray(IssuingRefused):
    """This machine's clock is too far from the database's: the hours of an id would be wrong (A2F 9999)."""


class UtenzaNotUsable(IssuingRefused):
    """The utenza is disabled or blocked."""


class PharmacyClosed(IssuingRefused):
    """The national register holds the pharmacy as closed."""
