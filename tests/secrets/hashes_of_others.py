"""The hash of a secret as other systems write it, by kind, with little work in each. Not made with the library that checks them."""

import hashlib
from base64 import b64encode
from collections.abc import Callable

import bcrypt
from argon2 import PasswordHasher
from django.contrib.auth.hashers import BCryptSHA256PasswordHasher, PBKDF2PasswordHasher, PBKDF2SHA1PasswordHasher

SALT = b"8 octets"


def _ldap(scheme: str, algorithm: str, plain: str) -> str:
    digest = hashlib.new(algorithm, plain.encode() + SALT).digest()
    return f"{{{scheme}}}{b64encode(digest + SALT).decode()}"


def _modular_pbkdf2(scheme: str, algorithm: str, plain: str) -> str:
    digest = hashlib.pbkdf2_hmac(algorithm, plain.encode(), SALT, 10)
    salt, checksum = (b64encode(part).decode().rstrip("=").replace("+", ".") for part in (SALT, digest))
    return f"{scheme}10${salt}${checksum}"


def _django_bcrypt(plain: str) -> str:
    hasher = BCryptSHA256PasswordHasher()
    hasher.rounds = 4
    return hasher.encode(plain, hasher.salt())


def _bcrypt(plain: str) -> str:
    return bcrypt.hashpw(plain.encode()[:72], bcrypt.gensalt(4)).decode()


def _argon2(plain: str) -> str:
    return PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(plain)


# made by `openssl passwd -5` and `-6`, of SALVE and of 1729594276: the algorithm is too long for a test
_CRYPT = {
    "5": {
        "SALVE": "$5$saltodiprova$4B9R0RqXZmpwSpXp5Z0dJgdIOCi9Xr0hGpjamltutcB",
        "1729594276": "$5$saltodiprova$Adj0bHm57qEesT4pjyHJQWtmYwJwhneVnN8Zv/118o1",
    },
    "6": {
        "SALVE": "$6$saltodiprova$2zeUuMl.HFHEx2vW6uVh/kUTOSe5HdBXW7mX8K55Vl6jdxFS9e7vfnVGbv.DyUJh1N1d1.H9azEOWeeo2gfLU1",
        "1729594276": "$6$saltodiprova$drYE5u5UdFyGmu60waqcnnkvYZrsa0ZuKM4nXPy3lCKJy7rtKQvsLFzGqt5X94e3hsK999FeSI4WVUoOvFbPC/",
    },
}

KINDS: dict[str, Callable[[str], str]] = {
    "argon2id": _argon2,
    "argon2id of Django": lambda plain: f"argon2{_argon2(plain)}",
    "bcrypt": _bcrypt,
    "bcrypt 2y of PHP": lambda plain: _bcrypt(plain).replace("$2b$", "$2y$"),
    "bcrypt of Django": lambda plain: f"bcrypt${_bcrypt(plain)}",
    "bcrypt of SHA-256 of Django": _django_bcrypt,
    "PBKDF2 SHA-256 of Django": lambda plain: PBKDF2PasswordHasher().encode(plain, "sale", 10),
    "PBKDF2 SHA-1 of Django": lambda plain: PBKDF2SHA1PasswordHasher().encode(plain, "sale", 10),
    "PBKDF2 SHA-256": lambda plain: _modular_pbkdf2("$pbkdf2-sha256$", "sha256", plain),
    "PBKDF2 SHA-512": lambda plain: _modular_pbkdf2("$pbkdf2-sha512$", "sha512", plain),
    "PBKDF2 SHA-1": lambda plain: _modular_pbkdf2("$pbkdf2$", "sha1", plain),
    "PBKDF2 SHA-256 of LDAP": lambda plain: _modular_pbkdf2("{PBKDF2-SHA256}", "sha256", plain),
    "salted SHA-1 of LDAP": lambda plain: _ldap("SSHA", "sha1", plain),
    "salted SHA-256 of LDAP": lambda plain: _ldap("SSHA256", "sha256", plain),
    "salted SHA-512 of LDAP": lambda plain: _ldap("SSHA512", "sha512", plain),
    "crypt SHA-256": lambda plain: _CRYPT["5"][plain],
    "crypt SHA-512": lambda plain: _CRYPT["6"][plain],
    "crypt SHA-512 of LDAP": lambda plain: "{CRYPT}" + _CRYPT["6"][plain],
}
