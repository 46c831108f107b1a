"""The forms of names, phone numbers and e-mail addresses under which the same person is found again."""

import re
import unicodedata

from intake.domain.phones import dialable

_TITLES = frozenset({"sig", "sigra", "signor", "signora", "signorina", "sra", "sr", "dott", "dottssa"})
_ITALY = "39"


def name_key(name: str) -> str:
    """The words of a name without accents, case, order, apostrophes and titles; empty when there is no letter."""
    words = re.findall(r"\w+", re.sub(r"['’`´ʼ.]", "", _plain(name.casefold())))
    return " ".join(sorted(one for one in words if one not in _TITLES and one != "_"))


def _plain(folded: str) -> str:
    if folded.isascii():
        return folded
    decomposed = unicodedata.normalize("NFKD", folded)
    plain = "".join(one for one in decomposed if not unicodedata.combining(one))
    return unicodedata.normalize("NFKC", plain.casefold())


def phone_key(phone: str) -> str:
    """The number with its country, of Italy when none is written, without spaces and extension; empty when it has no digit."""
    number = dialable(unicodedata.normalize("NFKC", phone).lstrip(" ("))
    digits = number.removeprefix("+")
    if not digits:
        return ""
    if number.startswith("+"):
        return f"+{digits}"
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    # A national number has at most eleven digits: a longer one has the country's code without its plus.
    if digits.startswith(_ITALY) and len(digits) >= 12:
        return f"+{digits}"
    return f"+{_ITALY}{digits}"


def email_key(email: str) -> str:
    """The address without case and surrounding space."""
    return unicodedata.normalize("NFKC", email).strip().casefold()
