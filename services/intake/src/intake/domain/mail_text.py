"""What somebody wrote in a mail: their own words without quoted mails and signatures, and the codes that they name."""

import re

# A longer line is no line of a mail program, and no pattern looks at it.
_LONGEST = 500
_CODE = re.compile(r"(?<![0-9A-Za-z])([0-9A-Za-z]{5})[-\u2010\u2011\u2013]([0-9A-Za-z]{5})(?![0-9A-Za-z])")
_MOST_CODES = 5
# How mail programs announce what they quote, in the languages of tenants.
_WROTE = re.compile(
    r"\s*(il|on|le|el|în|in data|dnes|am|em|вт|пн|ср|чт|пт|сб|нд|у|в|在|في)[ ,].{5,200}"
    r"(ha scritto|wrote|a écrit|escribió|a scris|пише|написал|написав|写道|كتب)\s*[:：]?\s*",
    re.IGNORECASE,
)
_ORIGINAL = re.compile(
    r"\s*[-_]{2,}\s*(messaggio originale|messaggio inoltrato|original message|message d'origine|mensaje original"
    r"|mesaj original)\s*[-_]{2,}\s*",
    re.IGNORECASE,
)
_HEADER = re.compile(r"\s*\*?(da|from|de|von|від|发件人|من)\*?\s*[:：]\*?\s*\S.*", re.IGNORECASE)
_SENT = re.compile(
    r"\s*\*?(inviato|data|a|sent|date|to|envoyé|enviado|trimis|дата|发送时间|oggetto|subject)\*?\s*[:：].*",
    re.IGNORECASE,
)
_FOOTER = re.compile(
    r"\s*(inviato da|inviato dal mio|sent from|envoyé de mon|enviado desde|trimis de pe|надіслано з|发自我的"
    r"|scarica outlook|get outlook).{0,120}",
    re.IGNORECASE,
)


def own_words(text: str) -> str:
    """The text without quoted mails, their announcements and the signature; all of it when nothing else is left."""
    lines = text.split("\n")
    kept = []
    for number, line in enumerate(lines):
        if _ends_here(lines, number):
            break
        if not _is_quoted(line) and not _announces(lines, number) and not _FOOTER.fullmatch(line[:_LONGEST]):
            kept.append(line.rstrip())
    own = re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()
    return own or text.strip()


def _is_quoted(line: str) -> bool:
    return line.lstrip().startswith((">", "|>"))


def _ends_here(lines: list[str], number: int) -> bool:
    """Whether the signature or a mail that is quoted without marks begins on this line."""
    line = lines[number][:_LONGEST]
    if line.rstrip() == "--" or _ORIGINAL.fullmatch(line):
        return True
    following = [one[:_LONGEST] for one in lines[number + 1 : number + 5] if one.strip()]
    return bool(_HEADER.fullmatch(line)) and sum(bool(_SENT.fullmatch(one)) for one in following) >= 2


def _announces(lines: list[str], number: int) -> bool:
    """Whether the line, or it and the next, or the one before and it, announce a quoted mail."""
    line = lines[number][:_LONGEST]
    after = lines[number + 1][:_LONGEST] if number + 1 < len(lines) else ""
    before = lines[number - 1][:_LONGEST] if number else ""
    joined = (line, f"{line} {after}", f"{before} {line}")
    return any(_WROTE.fullmatch(one) for one in joined) and _quote_follows(lines, number)


def _quote_follows(lines: list[str], number: int) -> bool:
    following = [one for one in lines[number + 1 : number + 5] if one.strip()]
    return not following or any(map(_is_quoted, following[:2]))


def codes_in(*texts: str) -> tuple[str, ...]:
    """What looks like a tracking code in these texts, in their order, each once, at most five; `ABCDE-FGHJK` as it is written."""
    found = ("-".join(match.groups()) for text in texts for match in _CODE.finditer(text))
    return tuple(dict.fromkeys(one.upper() for one in found))[:_MOST_CODES]


def tag_of(recipient: str) -> str:
    """What follows the plus in the recipient's local part: the code of a report, or nothing."""
    return recipient.rpartition("@")[0].partition("+")[2]


_REPLY = re.compile(r"\s*(re|r|rif|i|fw|fwd|aw|tr|rv|odp)\s*:", re.IGNORECASE)
_LANGUAGES = frozenset({"it", "en", "fr", "ar", "es", "ro", "uk", "zh"})


def subject_words(subject: str) -> str:
    """What the subject says, unless it is that of a mail that is answered or forwarded."""
    return "" if _REPLY.match(subject) else subject.strip()


def language_of(tag: str) -> str:
    """The language of a mail as its program names it (RFC 3282), if tenants are written in it; otherwise Italian."""
    language = tag[:2].lower()
    return language if language in _LANGUAGES else "it"
