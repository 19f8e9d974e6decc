"""One call over http, and many at once: no redirect, no proxy, no body read, seconds at most."""

import asyncio
import ssl
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import dns.exception
import httpx

from sessions.webhooks.addresses import Target, UnsuitableAddress, rule

SECONDS = 10.0  # for the name, the connection and the answer together
GONE = 410  # the gestionale says that it wants no more of this (Standard Webhooks)


@dataclass(frozen=True)
class Parcel:
    """What leaves: where to, the signed headers, the bytes."""

    url: str
    headers: dict[str, str] = field(repr=False)
    body: str = field(repr=False)


@dataclass(frozen=True)
class Answer:
    """What came back, in a few words that may be shown and logged."""

    accepted: bool
    words: str
    for_ever: bool = False  # another try changes nothing


def post_all(parcels: Sequence[Parcel]) -> list[Answer]:
    """Makes the calls at the same time; one that hangs costs SECONDS, whatever their number. Raises nothing."""
    return asyncio.run(_post_all(parcels))


async def _post_all(parcels: Sequence[Parcel]) -> list[Answer]:
    asyncio.get_running_loop().set_default_executor(
        ThreadPoolExecutor(max(len(parcels), 1))
    )  # a DNS that is slow for one
    async with httpx.AsyncClient(
        verify=ssl.create_default_context(),
        timeout=SECONDS,
        follow_redirects=False,
        trust_env=False,  # a proxy of the environment would resolve the name again, and could reach inside
        headers={"User-Agent": "portale-farmacie", "Accept-Encoding": "identity"},
    ) as client:
        return list(await asyncio.gather(*(_post(client, parcel) for parcel in parcels)))


async def _post(client: httpx.AsyncClient, parcel: Parcel) -> Answer:
    try:
        async with asyncio.timeout(SECONDS):
            target = await asyncio.to_thread(rule().target, parcel.url)
            return await _talk(client, target, parcel)
    except UnsuitableAddress as refused:
        return Answer(False, str(refused)[:200])
    except dns.exception.DNSException:
        return Answer(False, "Il nome del server non si trova")
    except (TimeoutError, httpx.TimeoutException):
        return Answer(False, f"Non risponde entro {SECONDS:.0f} secondi")
    except httpx.ConnectError as error:
        return Answer(False, _why_no_connection(error))
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
        return Answer(False, f"La chiamata non è riuscita ({type(error).__name__})")


async def _talk(client: httpx.AsyncClient, target: Target, parcel: Parcel) -> Answer:
    """To the machine that was just checked, under the name that its certificate must bear."""
    name = target.url.raw_host.decode("ascii")
    headers = {**parcel.headers, "Host": target.url.netloc.decode("ascii"), "Content-Type": "application/json"}
    request = client.build_request(
        "POST", target.pinned, headers=headers, content=parcel.body.encode(), extensions={"sni_hostname": name}
    )
    answer = await client.send(request, stream=True)
    await answer.aclose()  # only the number matters: nobody makes us read for ever
    return _answer(answer.status_code)


def _answer(code: int) -> Answer:
    if 200 <= code < 300:
        return Answer(True, f"Risponde {code}")
    if 300 <= code < 400:
        return Answer(False, f"Risponde {code}: rimanda a un altro indirizzo, e i rinvii non si seguono")
    if code == GONE:
        return Answer(False, f"Risponde {code}: non vuole più questi avvisi", for_ever=True)
    return Answer(False, f"Risponde {code}")


def _why_no_connection(error: httpx.ConnectError) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "Il certificato del server non è valido"
        cause = cause.__cause__ or cause.__context__
    return "Il server non accetta il collegamento"
