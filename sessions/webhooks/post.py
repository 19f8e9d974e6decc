"""Posts webhook calls over http, many in parallel. Follows no redirect, uses no proxy, reads no body, takes SECONDS at most."""

import asyncio
import ssl
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime

import dns.exception
import httpx

from portal import tls
from portal.time import database_clock
from sessions.webhooks.addresses import Target, UnsuitableAddress, rule

SECONDS = 15.0  # for the DNS, the connection and the reply together
GONE = 410  # the gestionale wants no more calls (Standard Webhooks)
GONE_WORDS = f"Risponde {GONE}: non vuole più questi avvisi"
LONGEST_WAIT = timedelta(days=1)  # a Retry-After further away counts as this


@dataclass(frozen=True)
class Parcel:
    """One call to make: the URL, the signed headers, the body."""

    url: str
    headers: dict[str, str] = field(repr=False)
    body: str = field(repr=False)


@dataclass(frozen=True)
class WebhookReply:
    """The outcome of one call, in a few words fit for the page and the log."""

    accepted: bool
    words: str
    is_final: bool = False  # a retry would change nothing
    wait: timedelta = timedelta(0)  # no retry before: Retry-After (RFC 9110, section 10.2.3)


def post_all(parcels: Sequence[Parcel]) -> list[WebhookReply]:
    """Makes the calls in parallel; the whole takes SECONDS at most, whatever their number. Raises nothing."""
    return asyncio.run(_post_all(parcels))


async def _post_all(parcels: Sequence[Parcel]) -> list[WebhookReply]:
    # A thread for each call, so that a slow DNS lookup delays no other call.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(max(len(parcels), 1)))
    async with (
        httpx.AsyncClient(
            verify=tls.of_the_system(),
            timeout=SECONDS,
            follow_redirects=False,
            trust_env=False,  # a proxy from the environment would resolve the name again and could reach the internal network
            headers={"User-Agent": "portale-farmacie", "Accept-Encoding": "identity"},
        ) as client
    ):
        return list(await asyncio.gather(*(_post(client, parcel) for parcel in parcels)))


async def _post(client: httpx.AsyncClient, parcel: Parcel) -> WebhookReply:
    try:
        async with asyncio.timeout(SECONDS):
            target = await asyncio.to_thread(rule().target, parcel.url)
            return await _talk(client, target, parcel)
    except UnsuitableAddress as refused:
        return WebhookReply(False, str(refused)[:200])
    except dns.exception.DNSException:
        return WebhookReply(False, "Il nome del server non si trova")
    except (TimeoutError, httpx.TimeoutException):
        return WebhookReply(False, f"Non risponde entro {SECONDS:.0f} secondi")
    except httpx.ConnectError as error:
        return WebhookReply(False, _why_no_connection(error))
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
        return WebhookReply(False, f"La chiamata non è riuscita ({type(error).__name__})")


async def _talk(client: httpx.AsyncClient, target: Target, parcel: Parcel) -> WebhookReply:
    """Posts to the IP address that was just checked; TLS verifies the certificate against the name."""
    name = target.url.raw_host.decode("ascii")
    headers = {**parcel.headers, "Host": target.url.netloc.decode("ascii"), "Content-Type": "application/json"}
    request = client.build_request(
        "POST", target.pinned, headers=headers, content=parcel.body.encode(), extensions={"sni_hostname": name}
    )
    response = await client.send(request, stream=True)
    await response.aclose()  # only the status code matters; an endless body is never read
    return _reply(response.status_code, response.headers.get("Retry-After", ""))


def _reply(code: int, retry_after: str) -> WebhookReply:
    if 200 <= code < 300:
        return WebhookReply(True, f"Risponde {code}")
    if 300 <= code < 400:
        return WebhookReply(False, f"Risponde {code}: rimanda a un altro indirizzo, e i rinvii non si seguono")
    if code == GONE:
        return WebhookReply(False, GONE_WORDS, is_final=True)
    return WebhookReply(False, f"Risponde {code}", wait=_wait(retry_after))


def _wait(retry_after: str) -> timedelta:
    """The time that the header asks for, in seconds or as a date; nothing when it cannot be read."""
    text = retry_after.strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return min(timedelta(seconds=int(text)), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(text) - database_clock.real_now()
    except (ValueError, TypeError):  # no date, or one without a zone
        return timedelta(0)
    return min(max(until, timedelta(0)), LONGEST_WAIT)


def _why_no_connection(error: httpx.ConnectError) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "Il certificato del server non è valido"
        cause = cause.__cause__ or cause.__context__
    return "Il server non accetta il collegamento"
