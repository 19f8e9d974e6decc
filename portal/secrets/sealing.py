"""Encryption at rest, for values that the portal must read again: waiting letters, copies of ids, TOTP secrets."""

from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class SealBroken(Exception):
    """None of SEALING_KEYS decrypts the value, or its bytes were changed."""


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def seal(plain: bytes) -> bytes:
    """Encrypts with the first of SEALING_KEYS (Fernet: AES-128-CBC and HMAC-SHA256)."""
    return _fernet(tuple(settings.SEALING_KEYS)).encrypt(plain)


def unseal(sealed: bytes | memoryview) -> bytes:
    """Decrypts with whichever of SEALING_KEYS fits. Raises SealBroken."""
    try:
        return _fernet(tuple(settings.SEALING_KEYS)).decrypt(bytes(sealed))
    except InvalidToken as error:
        raise SealBroken from error
