"""The rule for operators' passwords (AUTH_PASSWORD_VALIDATORS): long, not common, and hard to guess for someone who knows the operator.

Sources: NIST SP 800-63B-4, 3.1.1.2 (blocklist with context words); OWASP ASVS 5, 6.2.
"""

import re
import unicodedata
from typing import Any

from django.conf import settings
from django.contrib.auth import password_validation as validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.identity.models import User

SHORTEST_PASSWORD = 12  # characters
STRONG_ENOUGH = 3  # of zxcvbn's 0 to 4: more than 100 million guesses
_FEWEST_DIFFERENT = 5  # characters
_ESTIMATED = 72  # characters that zxcvbn takes; more of them cost time and change nothing
_SHORTEST_WORD = 4  # letters; "di" and "del" are in too many other words
_SHORTEST_NAME = 3
_OF_THE_PORTAL = (
    "portale", "farmacia", "farmacie", "farmacista", "farmacisti", "idsessione", "sessione", "operatore", "operatori",
    "password", "admin", "amministratore", "amministrazione", "sicurezza", "assistenza",
)  # fmt: skip
_YEAR = re.compile(r"(?:19|20)\d\d")
_SPELLED = str.maketrans("4@310$5789", "aaeiosstbg")


class LongEnough(validation.MinimumLengthValidator):
    """Refuses fewer than SHORTEST_PASSWORD characters."""

    def __init__(self, min_length: int = SHORTEST_PASSWORD) -> None:
        super().__init__(min_length)

    def get_error_message(self) -> str:
        words = ngettext(
            "È troppo corta: serve almeno %(number)s carattere.",
            "È troppo corta: servono almeno %(number)s caratteri.",
            self.min_length,
        )
        return words % {"number": self.min_length}


class NotCommon(validation.CommonPasswordValidator):
    """Refuses Django's list of 20,000 common passwords."""

    def get_error_message(self) -> str:
        return _("È tra le password più usate al mondo: scegline una che sia solo tua.")


class NotRepeated:
    """Refuses a word or a group of characters written several times, and fewer than five different characters."""

    def validate(self, password: str, user: User | None = None) -> None:
        written = _letters_and_digits(_folded(password))
        if re.fullmatch(r"(.+?)\1+", written) or len(set(password)) < _FEWEST_DIFFERENT:
            raise ValidationError(
                _("Ripete sempre gli stessi caratteri o la stessa parola: usa parole diverse."),
                code="password_repeated",
            )

    def get_help_text(self) -> str:
        return _("Non ripetere la stessa parola.")


class NotLikeTheOperator(validation.UserAttributeSimilarityValidator):
    """Refuses a password similar to the operator's username, name or family name."""

    def __init__(self) -> None:
        super().__init__(user_attributes=("username", "given_name", "family_name"))

    def get_error_message(self) -> str:
        return _("Somiglia troppo al tuo nome o al tuo nome utente: usa parole che non c’entrano con te.")


class NotGuessable:
    """Refuses a password that zxcvbn guesses, as it is or without the words that anyone here would try first.

    The words: the operator's names, OWNER_NAME, the portal's vocabulary, years; also with digits in place of letters.
    """

    def validate(self, password: str, user: User | None = None) -> None:
        words = _own_words(user)
        rest = _without(words, password)
        if rest != password and _score(rest, words) < STRONG_ENOUGH:
            raise ValidationError(
                _(
                    "Tolti il tuo nome, gli anni e parole come «farmacia» o «portale» resta troppo poco: aggiungi due o tre parole che non c’entrano."
                ),
                code="password_of_known_words",
            )
        if _score(password, words) < STRONG_ENOUGH:
            raise ValidationError(
                _("È facile da indovinare: scegli tre o quattro parole a caso, lontane tra loro."),
                code="password_guessable",
            )

    def get_help_text(self) -> str:
        return _("Tre o quattro parole a caso vanno bene; non il tuo nome, un anno o «farmacia».")


def first_fault(password: str, user: User) -> ValidationError | None:
    """The first reason why this operator cannot have this password; None when it is accepted."""
    try:
        validation.validate_password(password, user)
    except ValidationError as error:
        first: ValidationError = error.error_list[0]
        return first
    return None


def _own_words(user: User | None) -> list[str]:
    """The words that an attacker who knows the operator and the portal tries first: folded, the longest first."""
    names = f"{user.username} {user.given_name} {user.family_name}" if user else ""
    found = {word for word in re.findall(r"[a-z]+", _plain(names)) if len(word) >= _SHORTEST_NAME}
    found |= {word for word in re.findall(r"[a-z]+", _plain(settings.OWNER_NAME)) if len(word) >= _SHORTEST_WORD}
    return sorted(found | set(_OF_THE_PORTAL), key=lambda word: (-len(word), word))


def _without(words: list[str], password: str) -> str:
    """The letters and digits of the password that are in none of these words and in no year; the password when none is found."""
    plain = _plain(password)
    removed = {at for year in _YEAR.finditer(plain) for at in range(*year.span())}
    for spelling in (plain, _folded(password)):
        for word in words:
            removed |= {at for match in re.finditer(re.escape(word), spelling) for at in range(*match.span())}
    if not removed:
        return password
    letters = password if len(password) == len(plain) else plain  # an accented letter may be written as two characters
    return _letters_and_digits("".join(letter for at, letter in enumerate(letters) if at not in removed))


def _score(password: str, words: list[str]) -> int:
    """zxcvbn's score from 0 to 4; 0 for an empty text."""
    from zxcvbn import zxcvbn  # imported on use: its word lists cost every worker memory

    if not password:
        return 0
    result: dict[str, Any] = zxcvbn(password[:_ESTIMATED], user_inputs=words)
    return int(result["score"])


def _letters_and_digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isalnum())


def _plain(text: str) -> str:
    """Lower case, without accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _folded(text: str) -> str:
    """As _plain(), with the letters for which digits and signs are written: `f4rmac1a` is `farmacia`."""
    return _plain(text).translate(_SPELLED)
