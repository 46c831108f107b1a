"""Reads a mail of somebody unknown: any bytes give a mail, and what cannot be read is replaced or left out with a reason."""

import hashlib
import re
from contextlib import suppress
from datetime import UTC, datetime
from email.header import decode_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from email.utils import parseaddr, parsedate_to_datetime

from intake.adapters.mail_html import text_of_html
from intake.domain.mails import LeftOut, ReadMail
from intake.domain.photos import is_photo

MOST_PARTS, MOST_DEPTH, MOST_HEADERS, MOST_HOPS = 100, 10, 200, 100
MOST_TEXT = 50_000
# Longer than any real one, and short enough for what decodes encoded words.
_MOST_HEADER = 4_000
_DECORATION_BYTES = 15_000  # a logo in a signature
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_SILENT = frozenset(
    {"pgp-signature", "pkcs7-signature", "x-pkcs7-signature", "calendar", "vcard", "x-vcard", "ms-office"}
)
_MAGIC = (
    (b"MZ", LeftOut.PROGRAM),
    (b"\x7fELF", LeftOut.PROGRAM),
    (b"#!", LeftOut.PROGRAM),
    (b"%PDF", LeftOut.DOCUMENT),
    (b"\xd0\xcf\x11\xe0", LeftOut.DOCUMENT),
    (b"{\\rtf", LeftOut.DOCUMENT),
    (b"\x78\x9f\x3e\x22", LeftOut.WINMAIL),
    (b"Rar!", LeftOut.ARCHIVE),
    (b"7z\xbc\xaf", LeftOut.ARCHIVE),
    (b"\x1f\x8b", LeftOut.ARCHIVE),
)
_OFFICE = re.compile(r"\.(docx|xlsx|pptx|odt|ods|pages)$", re.IGNORECASE)


def read_mail(raw: bytes) -> ReadMail:
    """The mail in these bytes; whatever they are, nothing is raised."""
    try:
        return _read(raw, BytesParser(policy=compat32).parsebytes(raw))
    except Exception:  # noqa: BLE001 - the parser of the standard library fails in many ways on what is no mail
        return _unreadable(raw)


def _read(raw: bytes, message: Message) -> ReadMail:
    found = _Contents()
    found.take(message)
    headers: dict[str, list[str]] = {}
    for name, value in list(message.raw_items())[:MOST_HEADERS]:
        headers.setdefault(name.lower(), []).append(_header(value))
    name, address = parseaddr(_one(headers, "from"))
    return ReadMail(
        sender=_clean(address).strip()[:320],
        sender_name=" ".join(_clean(name).split())[:120],
        subject=" ".join(_one(headers, "subject").split()),
        text=_clean("\n\n".join(found.texts)).strip()[:MOST_TEXT],
        headers={one: tuple(values[:MOST_HOPS]) for one, values in headers.items()},
        content_type=message.get_content_type(),
        date=_date(_one(headers, "date")),
        content_hash=_hash(raw, _one(headers, "from"), _one(headers, "subject"), _one(headers, "date")),
        photos=tuple(found.photos),
        left_out=tuple(found.left_out),
    )


def _unreadable(raw: bytes) -> ReadMail:
    """What the parser cannot read: its bytes as text, so that a person can look."""
    text = _clean(raw[: 4 * MOST_TEXT].decode("utf-8", "replace"))[:MOST_TEXT]
    return ReadMail("", "", "", text.strip(), {}, "", None, _hash(raw), left_out=(LeftOut.UNREADABLE,))


class _Contents:
    """Collects the texts and the photos of a mail, part by part."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.photos: list[bytes] = []
        self.left_out: list[str] = []
        self._parts = 0

    def take(self, message: Message, depth: int = 0) -> None:
        """Take a part and those in it."""
        self._parts += 1
        if self._parts > MOST_PARTS or depth > MOST_DEPTH:
            if LeftOut.TOO_MANY_PARTS not in self.left_out:
                self.left_out.append(LeftOut.TOO_MANY_PARTS)
        elif message.is_multipart():
            self._take_inside(message, depth)
        else:
            self._take_one(message)

    def _take_inside(self, message: Message, depth: int) -> None:
        inside = [one for one in message.get_payload() if isinstance(one, Message)]
        if message.get_content_type() == "multipart/alternative":
            inside = [_best(inside)] if inside else []
        elif message.get_content_maintype() == "message":
            self.texts += [_forwarded(one) for one in inside]
        for one in inside:
            self.take(one, depth + 1)

    def _take_one(self, part: Message) -> None:
        data = _payload(part)
        kind, name = part.get_content_type(), _file_name(part)
        if kind.startswith("multipart/"):
            kind = "text/plain"  # its parts cannot be told apart
        if kind in ("text/plain", "text/html") and not name and _disposition(part) != "attachment":
            text = _text(data, part)
            self.texts.append(
                text_of_html(text) if kind == "text/html" else text.replace("\r\n", "\n").replace("\r", "\n")
            )
        elif is_photo(data[:16]):
            if not _is_decoration(part, data):
                self.photos.append(data)
        elif data.strip() and part.get_content_subtype() not in _SILENT:
            self.left_out.append(_reason(kind, name, data))


def _best(parts: list[Message]) -> Message:
    """Of alternatives the plain text if it says anything, otherwise the last, which is the richest."""
    for one in parts:
        if one.get_content_type() == "text/plain" and _payload(one).strip():
            return one
    return parts[-1]


def _forwarded(message: Message) -> str:
    """The head of a mail inside a mail."""
    return "\n".join(
        f"{name}: {_header(message[name])}" for name in ("From", "Date", "Subject") if message[name]
    )


def _payload(part: Message) -> bytes:
    with suppress(Exception):
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            return payload
    return b""


def _text(data: bytes, part: Message) -> str:
    """The text, in the character set that it names if there is one; what does not fit is replaced."""
    names: list[str] = []
    with suppress(Exception):
        names.append(str(part.get_content_charset() or ""))
    for charset in filter(None, [*names, "utf-8", "cp1252"]):
        with suppress(LookupError, ValueError):
            return data.decode("utf-8" if charset in ("us-ascii", "ascii") else charset)
    return data.decode("utf-8", "replace")


def _header(value: object) -> str:
    """A header in Unicode, without control characters; encoded words that are damaged stay as they are."""
    written = "".join(str(value).splitlines())[:_MOST_HEADER]
    written = written.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    with suppress(Exception):
        return _clean("".join(map(_word, decode_header(written))))
    return _clean(written)


def _word(part: tuple[object, str | None]) -> str:
    data, charset = part
    if isinstance(data, bytes):
        try:
            return data.decode(charset or "utf-8")
        except (LookupError, ValueError):
            return data.decode("utf-8", "replace")
    return str(data)


def _one(headers: dict[str, list[str]], name: str) -> str:
    return headers.get(name, [""])[0]


def _date(written: str) -> datetime | None:
    with suppress(Exception):
        found = parsedate_to_datetime(written)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    return None


def _file_name(part: Message) -> str:
    with suppress(Exception):
        return _header(part.get_filename() or "")
    return ""


def _disposition(part: Message) -> str:
    with suppress(Exception):
        return str(part.get_content_disposition() or "")
    return ""


def _is_decoration(part: Message, data: bytes) -> bool:
    return (
        part["content-id"] is not None
        and _disposition(part) != "attachment"
        and len(data) < _DECORATION_BYTES
    )


def _reason(kind: str, name: str, data: bytes) -> str:
    if name.lower() == "winmail.dat" or kind.endswith("ms-tnef"):
        return LeftOut.WINMAIL
    for magic, reason in _MAGIC:
        if data.startswith(magic):
            return reason
    if data.startswith(b"PK"):
        return LeftOut.DOCUMENT if _OFFICE.search(name) else LeftOut.ARCHIVE
    if re.search(r"\.(exe|com|scr|bat|cmd|js|vbs|msi|apk|jar)$", name, re.IGNORECASE):
        return LeftOut.PROGRAM
    return LeftOut.DOCUMENT if kind.startswith("text/") else LeftOut.OTHER_FILE


def _clean(text: str) -> str:
    return _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", _CONTROLS.sub("", text))


def _hash(raw: bytes, *headers: str) -> str:
    """The hash of what the sender wrote: these headers and everything after the head."""
    body = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)
    digest = hashlib.sha256("\n".join(headers).encode("utf-8", "replace"))
    digest.update(b"\n\n" + (body[1] if len(body) > 1 else raw))
    return digest.hexdigest()
