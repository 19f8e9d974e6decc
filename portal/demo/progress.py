"""Tells at the terminal that a step of the start is still at work: on a busy machine one takes half a minute."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

EVERY = 5.0  # seconds between two lines


@contextmanager
def still_at_work(say: Callable[[str], None], every: float = EVERY) -> Iterator[None]:
    """Says the seconds that the block has taken, every so many seconds, until it ends. A quick block says nothing."""
    over = Event()

    def tell() -> None:
        seconds = every
        while not over.wait(every):
            say(f"  ancora al lavoro, {seconds:.0f} s")
            seconds += every

    teller = Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()
