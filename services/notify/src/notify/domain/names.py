"""The name in the greeting of a letter."""

import re
import unicodedata

# The class of each character of a name: u upper-case letter, l lower-case letter, o letter of a script without case,
# m mark or joiner on a letter, b blank, h apostrophe, hyphen or similar inside a name, d dot.
_PARTS = (
    dict.fromkeys("'’‘·・-‐‑־׳״་", "h")
    | {" ": "b", ".": "d", "\u200c": "m", "\u200d": "m"}
    | dict.fromkeys("\u115f\u1160\u3164\uffa0", "?")  # letters without a glyph
)
_KINDS = {"Lu": "u", "Lt": "u", "Ll": "l", "Lm": "o", "Lo": "o", "Mn": "m", "Mc": "m"}
_WORD = "(?:[ulo]m{0,6})+"  # no language puts more marks on one letter
NAME = re.compile(f"{_WORD}(?:[bhd]{{1,2}}{_WORD}){{0,5}}d?")
# Mail programs turn a word with a dot inside it into a link. Initials and Italian titles are exceptions.
LINK = re.compile("dl|(?:[ul]m*){2}du|(?:om*){3}d[ulo]")
TITLE = re.compile(r"\b(?:sig\.(?:ra|na)|(?:dott|dr|prof)\.ssa)\b", re.IGNORECASE)
LONGEST_NAME = 60


def greeting_name(name: str | None) -> str | None:
    """The name for the greeting, normalised, or None when the text does not look like a name.

    The reporter enters both the name and the address, so a name must not be able to carry a message to a third party.
    """
    if not name:
        return None
    words = "".join(" " if unicodedata.category(one) == "Zs" else one for one in name).split(" ")
    tidy = unicodedata.normalize("NFC", " ".join(filter(None, words)))
    return tidy if len(tidy) <= LONGEST_NAME and _looks_like_a_name(tidy) else None


def _looks_like_a_name(text: str) -> bool:
    kinds = _kinds(text)
    return NAME.fullmatch(kinds) is not None and LINK.search(_kinds(TITLE.sub("x", text))) is None


def _kinds(text: str) -> str:
    return "".join(_PARTS.get(one) or _KINDS.get(unicodedata.category(one), "?") for one in text)
