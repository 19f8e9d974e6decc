"""Looking for a pharmacy by what somebody says on the phone, without writing who they are in a URL.

A codice fiscale or an address that stood in a URL would stay in the history of the browser, in the logs of every proxy and in
the link that one colleague sends to another. Sealing it there would only keep it for whoever has the key, for as long as the
key lives. So the form is sent by POST, and such words stay, sealed, in the session of the operator: the URL carries a
short name of them that says nothing, is the same for the same words (going back and reloading work), and ends with the session.
"""

import re
from datetime import datetime

from django.db.models import Q
from django.http import HttpRequest

from pharmacies.models import MailCertification, Office
from portal.codes import keyed_hash
from portal.sealing import SealBroken, seal, unseal

KEPT_SEARCHES = 10
ENOUGH_OF_A_PARTITA_IVA = 5  # digits; fewer are the start of a code
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
    """Pharmacies in which every word is found: in the name or the comune, at the start of the code, of the partita IVA or of
    the codice fiscale of who acts for it, in the certified address.
    """
    condition = Q()
    for word in words.replace("’", "'").split():
        condition &= _about(word, now)
    return condition


def _about(word: str, now: datetime) -> Q:
    if "@" in word:
        theirs = MailCertification.objects.current().filter(address__icontains=word)
        return Q(pk__in=theirs.values("pharmacy"))
    digits = word.upper().removeprefix("IT")
    either = Q(code__startswith=word.lstrip("0") or word) | Q(code__startswith=word)
    if digits.isdigit() and len(digits) >= ENOUGH_OF_A_PARTITA_IVA:
        either |= Q(partita_iva__startswith=digits)
    # SQLite folds the case of plain letters only, and the register writes «FORLÌ»
    for spelling in {word, word.upper(), word.lower(), word.capitalize()} if not word.isascii() else {word}:
        either |= Q(name__icontains=spelling) | Q(comune__icontains=spelling)
    if is_personal(word):
        held = Office.objects.filter(codice_fiscale__startswith=word.upper(), since__lte=now)
        either |= Q(pk__in=held.filter(Q(until=None) | Q(until__gt=now)).values("pharmacy"))
    return either
