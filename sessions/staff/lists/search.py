"""Looking for a pharmacy by what somebody says on the phone, without writing who they are in a URL.

A codice fiscale or an address that stood in a URL would stay in the history of the browser, in the logs of every proxy and in
the link that one colleague sends to another. Sealing it there would only keep it for whoever has the key, for as long as the
key lives. So the form is sent by POST, and such words stay, sealed, in the session of the operator: the URL carries a
short name of them that says nothing, is the same for the same words (going back and reloading work), and ends with the session.
"""

import re
from collections.abc import Iterator
from datetime import datetime

from django.db.models import Q
from django.http import HttpRequest

from pharmacies.addresses.spelling import tidied
from pharmacies.folding import folded
from pharmacies.models import MailCertification, Office, Pharmacy, Utenza
from pharmacies.models.pharmacy import PharmacyQuerySet
from portal.secrets.codes import keyed_hash
from portal.secrets.sealing import SealBroken, seal, unseal
from portal.values.mail_address import ascii_address
from portal.values.pasted import plain_text

KEPT_SEARCHES = 10
ENOUGH_OF_A_PARTITA_IVA = 5  # digits; fewer are the start of a code
SHORTEST_USER_ID = 4
_MORE_THAN_A_NAME = re.compile(r"[\d@]")  # it may be a code, a partita IVA, a userId, an address
_KEPT = "staff_searches"
# an address, or letters and digits in one word: a codice fiscale or a part of it
_PERSONAL = re.compile(r"@|(?<!\S)(?=\S*[a-z])(?=\S*\d)\S{6,}", re.IGNORECASE)


def is_personal(words: str) -> bool:
    """Words that may not stand in a URL: they may be an address or a codice fiscale. Rather one too many than one too few."""
    return _PERSONAL.search(words) is not None


def keep(request: HttpRequest, words: str) -> str:
    """Keeps these words in the session and returns their name for the URL. The oldest of ten is forgotten."""
    name = keyed_hash("staff-search", f"{request.session.session_key}:{words}")[:16]
    searches = {key: value for key, value in request.session.get(_KEPT, {}).items() if key != name}
    searches[name] = seal(words.encode()).decode()
    request.session[_KEPT] = dict(list(searches.items())[-KEPT_SEARCHES:])
    return name


def words_of(request: HttpRequest, name: str) -> str:
    """The words kept under this name in this session; empty when there are none."""
    sealed = request.session.get(_KEPT, {}).get(name)
    try:
        return unseal(sealed.encode()).decode() if sealed else ""
    except SealBroken:
        return ""


def matching(words: str, now: datetime) -> Q:
    """Pharmacies in which every word is found: in the name as the pages show it or the comune, at the start of the code, of the
    partita IVA (with or without its zeros) or of the codice fiscale of who acts for it, in the certified address; a whole
    userId. Accents, apostrophes and capitals do not count; a word of signs alone, beside others, neither.
    """
    typed = plain_text(words).split()
    said = [word for word in typed if folded(word)] or typed
    of_a_name = [word for word in said if not _MORE_THAN_A_NAME.search(word)] if len(said) > 1 else []
    condition = Q(pk__in=_named(of_a_name).values("pk")) if of_a_name else Q()
    for word in said:
        if word not in of_a_name:
            condition &= _about(word, now)
    return condition


def _named(words: list[str]) -> PharmacyQuerySet:
    """Those with all these words in their name or comune. A sign alone is in no name."""
    condition = Q()
    for part in [part for word in words for part in folded(word).split() or [word]]:
        condition &= Q(found_by__contains=part)
    return Pharmacy.objects.filter(condition).order_by()


def code_of(words: str) -> str:
    """The code of a pharmacy that these words are, when they are one number; "" otherwise."""
    word = plain_text(words).strip()
    return word if word.isdigit() and len(word) < ENOUGH_OF_A_PARTITA_IVA + 2 else ""


def _about(word: str, now: datetime) -> Q:
    """One set of keys for each way to be found, each read from an index of its own: put together by OR in one condition they
    would all be asked of every row.
    """
    if "@" in word:
        theirs = MailCertification.objects.current().filter(address__icontains=ascii_address(tidied(word)))
        return Q(pk__in=theirs.values("pharmacy"))
    found, *others = (each.order_by().values("pk") for each in _ways(word, now))
    return Q(pk__in=found.union(*others))


def _ways(word: str, now: datetime) -> Iterator[PharmacyQuerySet]:
    pharmacies = Pharmacy.objects.all()
    yield _named([word])
    if word.isdigit():
        yield pharmacies.filter(Q(code__startswith=word.lstrip("0") or word) | Q(code__startswith=word))
    else:
        yield pharmacies.filter(code__startswith=word)
    digits = word.upper().removeprefix("IT")
    if digits.isdigit() and len(digits) >= ENOUGH_OF_A_PARTITA_IVA:
        without = digits.lstrip("0")  # typed with its zeros or without, kept with them or without
        start = Q(partita_iva=without)
        for zeros in ("", "0", "00", "000"):
            start |= Q(partita_iva__startswith=zeros + digits)
        yield pharmacies.filter(start)
    if len(word) >= SHORTEST_USER_ID:
        utenze = Utenza.objects.filter(user_id__in={word, word.upper()})
        yield pharmacies.filter(pk__in=utenze.values("pharmacy"))
    if is_personal(word):
        held = Office.objects.filter(codice_fiscale__startswith=word.upper(), since__lte=now)
        yield pharmacies.filter(pk__in=held.filter(Q(until=None) | Q(until__gt=now)).values("pharmacy"))
