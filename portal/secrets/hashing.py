"""The slow hash of passwords and pincodes, and the reasons for its parameters."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Semaphore

from django.contrib.auth.hashers import Argon2PasswordHasher, check_password, make_password

from portal.secrets import imported_hashes

_turn = Semaphore()


class Argon2idHasher(Argon2PasswordHasher):
    """Argon2id, 19 MiB, two passes, one lane: the first choice of the OWASP Password Storage Cheat Sheet for p=1.

    A `create` of the web service verifies two secrets, the password and the pincode, and 20,000 pharmacies that open
    make 11 creates a second. A budget of half a core allows 45 ms a create, so 22 ms a hash. Measured (CPU time of one
    hash on the 2-core reference machine, Python 3.11, argon2-cffi 25.1):

    ==================  =======  =====================================
    m (KiB), t, p        CPU ms  two a create, 11 creates a second
    ==================  =======  =====================================
    102400, 2, 8            193  4.2 cores (Django's choice)
    47104, 1, 1              48  1.1 cores (OWASP, the other choice)
    **19456, 2, 1**      **18**  **0.4 cores**
    12288, 3, 1              15  0.3 cores (OWASP, less memory to fill)
    ==================  =======  =====================================

    One lane, because two lanes on two busy cores only wait for each other; 19 MiB, because a worker may use no more than
    120 MB. For the same reason the threads of a process hash one at a time: there are as many processes as cores
    (deploy/gunicorn.conf.py), so no throughput is lost. The algorithm is still "argon2" and each hash carries its own
    parameters, so hashes made with other parameters still verify.
    """

    time_cost = 2
    memory_cost = 19456  # KiB
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        with _turn:
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        with _turn:
            return super().verify(password, encoded)


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether a secret matches its stored hash. `renewed`: the project's own hash, to be stored in place of an imported one."""

    is_right: bool
    renewed: str = field(default="", repr=False)


def check(plain: str, stored: str) -> Checked:
    """Compares a secret with its stored hash, of the project or imported (imported_hashes.py).

    An imported hash costs its own work and one Argon2id more, right or wrong: the time does not tell an attacker that a
    fast kind is stored. Only the kinds that are slower than Argon2id still show.
    """
    if not imported_hashes.is_imported(stored):
        return Checked(check_password(plain, stored))
    with _turn:
        is_right = imported_hashes.matches(plain, stored)
    own = make_password(plain)
    return Checked(is_right, own if is_right else "")


def make_many(plains: Sequence[str]) -> list[str]:
    """Hashes many secrets on every core, for a command: the workers of the web hash one at a time."""
    with _every_core() as cores, ThreadPoolExecutor(cores) as pool:
        return list(pool.map(make_password, plains))


@contextmanager
def _every_core() -> Iterator[int]:
    cores = len(os.sched_getaffinity(0))
    _turn.release(cores)
    try:
        yield cores
    finally:
        for _ in range(cores):
            _turn.acquire()
