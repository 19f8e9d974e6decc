"""Searches pharmacies by what a caller says on the phone, without personal data in a URL.

A codice fiscale or an address in a URL would stay in the browser's history, in the logs of every proxy and in links that
colleagues send. Encrypted in the URL it would stay readable as long as the key exists. So the form uses POST, and such words
stay, sealed, in the operator's session. The URL carries an opaque name for them: a keyed hash, so that the same words give
the same name (back and reload work), which ends with the session.
"""

import re
from collections.abc import Iterator
from datetime import datetime

from django.db.models import Q
from django.http import HttpRequest

from pharmacies.addresses.spelling import tidied
from pharmacies.codes import names_a_parafarmacia, parafarmacia_code, stored_code
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
_MORE_THAN_A_NAME = re.compile(r"[\d@]")  # may be a code, a partita IVA, a userId, an address
_KEPT = "staff_searches"
# an address, or letters and digits in one word: a codice fiscale or a part of it
_PERSONAL = re.compile(r"@|(?<!\S)(?=\S*[a-z])(?=\S*\d)\S{6,}", re.IGNORECASE)


def is_personal(words: str) -> bool:
    """Whether these words may be an address or a codice fiscale, which no URL may hold. In doubt True."""
    # a letter and four digits are in no codice fiscale
    return any(_PERSONAL.search(word) and not names_a_parafarmacia(word) for word in words.split())


def keep(request: HttpRequest, words: str) -> str:
    """Keeps these words, sealed, in the session and returns their name for the URL. Keeps the last KEPT_SEARCHES."""
    name = keyed_hash("staff-search", f"{request.session.session_key}:{words}")[:16]
    searches = {key: value for key, value in request.session.get(_KEPT, {}).items() if key != name}
    searches[name] = seal(words.encode()).decode()
    request.session[_KEPT] = dict(list(searches.items())[-KEPT_SEARCHES:])
    return name


def words_of(request: HttpRequest, name: str) -> str:
    """The words kept under this name in this session; "" when there are none."""
    sealed = request.session.get(_KEPT, {}).get(name)
    try:
        return unseal(sealed.encode()).decode() if sealed else ""
    except SealBroken:
        return ""


def matching(words: str, now: datetime) -> Q:
    """Condition for the pharmacies that match every word.

    A word matches in the displayed name, in the comune or in the certified address; at the start of the code (of a
    parafarmacia with or without its P), of the partita IVA (with or without its zeros) or of the codice fiscale of a present holder of an office; or as a whole userId.
    Ignores accents, apostrophes and capitals, and, beside other words, a word of signs alone.
    """
    typed = plain_text(words).split()
    searched = [word for word in typed if folded(word)] or typed
    of_a_name = [word for word in searched if not _MORE_THAN_A_NAME.search(word)] if len(searched) > 1 else []
    condition = Q(pk__in=_named(of_a_name).values("pk")) if of_a_name else Q()
    for word in searched:
        if word not in of_a_name:
            condition &= _about(word, now)
    return condition


def _named(words: list[str]) -> PharmacyQuerySet:
    """The pharmacies with all these words in their name or comune. A sign alone matches none."""
    condition = Q()
    for part in [part for word in words for part in folded(word).split() or [word]]:
        condition &= Q(found_by__contains=part)
    return Pharmacy.objects.filter(condition).order_by()


def code_of(words: str) -> str:
    """The words as the code of a site, when they are one short number or the code of a parafarmacia; "" otherwise."""
    word = plain_text(words).strip()
    code = stored_code(word)
    return code if names_a_parafarmacia(code) or (word.isdigit() and len(word) < ENOUGH_OF_A_PARTITA_IVA + 2) else ""


def _about(word: str, now: datetime) -> Q:
    """Unites one set of keys per way to match, each read from an index of its own: one condition with OR would use none."""
    if "@" in word:
        certified = MailCertification.objects.current().filter(address__icontains=ascii_address(tidied(word)))
        return Q(pk__in=certified.values("pharmacy"))
    found, *others = (pharmacies.order_by().values("pk") for pharmacies in _ways(word, now))
    return Q(pk__in=found.union(*others))


def _ways(word: str, now: datetime) -> Iterator[PharmacyQuerySet]:
    pharmacies = Pharmacy.objects.all()
    yield _named([word])
    if word.isdigit():
        yield pharmacies.filter(Q(code__startswith=word.lstrip("0") or word) | Q(code__startswith=word))
        yield pharmacies.filter(code__startswith=parafarmacia_code(word) or word)
    elif names_a_parafarmacia(word):
        yield pharmacies.filter(code__startswith=stored_code(word))
    else:
        yield pharmacies.filter(code__startswith=word)
    digits = word.upper().removeprefix("IT")
    if digits.isdigit() and len(digits) >= ENOUGH_OF_A_PARTITA_IVA:
        without = digits.lstrip("0")  # typed and stored with or without leading zeros
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
