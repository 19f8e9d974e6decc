"""Encrypts a pincode as a gestionale does."""

import base64

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding

from sessions.models import PincodeCertificate


def encrypted(row: PincodeCertificate, text: str | bytes) -> str:
    """Encrypts with the published certificate."""
    public = x509.load_pem_x509_certificate(row.certificate.encode()).public_key()
    plain = text.encode() if isinstance(text, str) else text
    return base64.b64encode(public.encrypt(plain, padding.PKCS1v15())).decode()
