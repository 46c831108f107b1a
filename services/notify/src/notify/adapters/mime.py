"""A mail as MIME: a text and an HTML part, and headers that identify the message and mark it as automatic."""

import re
import textwrap
from base64 import b64encode
from binascii import b2a_qp
from collections.abc import Iterator
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

import idna

from notify.domain.letters import Mail, Undeliverable

# Wider than intake's own check: addresses that earlier versions accepted are still tried, and their server decides.
ADDRESS = re.compile(r"[^\s@<>()\[\],;:\\\"]{1,64}@([^\s@<>()\[\],;:\\\"]{1,253})")
SENDER_NAME = "Ascolto"
# In quoted-printable "=" is followed by two digits or the end of the line, so no part contains this (RFC 2045, 6.7).
BOUNDARY = "=_ascolto"
# RFC 5322 recommends lines of 78 characters; what is left of them after `Subject: `.
LINE = 66
# RFC 2047 allows an encoded word 75 characters: those around its base64 are 12, and a character of UTF-8 has up to 4 bytes.
WORD_BYTES = 39


def recipient(mail: Mail) -> str:
    """The address in its wire format; raises Undeliverable (`bad-address`) when it is not an address."""
    found = ADDRESS.fullmatch(mail.to)
    try:
        domain = _ascii_domain(found[1]) if found else ""
    except UnicodeError:
        domain = ""
    if not domain or not mail.to.isprintable():
        raise Undeliverable("bad-address")
    return f"{mail.to.partition('@')[0]}@{domain}"


def _ascii_domain(domain: str) -> str:
    """A domain in ASCII by IDNA 2008, which keeps ß distinct from ss; raises UnicodeError when the domain is invalid."""
    return (domain.encode("idna") if domain.isascii() else idna.encode(domain, uts46=True)).decode()


def compose(mail: Mail, sender: str, reply_to: str | None = None) -> bytes:
    """The message in its wire format; its Message-ID is derived from the message's id, so that copies can be recognised.

    An address outside ASCII is written as RFC 6532 writes it, and needs SMTPUTF8. Raises ValueError for an id, a code or an
    address of ours that is more than one line of ASCII.
    """
    # Written here because `email.message` takes nine times as long: its generator folds each header and searches each part
    # for the boundary. Its parser reads the same back (tests/notify/test_mime.py).
    headers = {
        "From": f"{SENDER_NAME} <{sender}>",
        "Date": _date(mail.at.replace(microsecond=0)),
        "Message-ID": f"<{mail.message_id}@{domain_of(sender)}>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "X-Ascolto-Message": mail.message_id,
        "X-Ascolto-Report": mail.report_id,
        "X-Ascolto-Template": mail.template,
        "Content-Language": mail.letter.language,
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/alternative; boundary="{BOUNDARY}"',
    }
    if reply_to:
        headers["Reply-To"] = reply_to
    lines = [f"{name}: {_ascii_line(value)}" for name, value in headers.items()]
    lines += [f"To: {recipient(mail)}", f"Subject: {_folded(mail.letter.subject)}", "", ""]
    parts = (_part("plain", mail.letter.text), _part("html", mail.letter.html))
    return b"".join(("\r\n".join(lines).encode(), *parts, f"--{BOUNDARY}--\r\n".encode()))


def reply_address(inbound: str, code: str | None) -> str:
    """The address that answers go to: that of the agency's reports, with the code of this report, so that they reach it."""
    local, _, domain = inbound.rpartition("@")
    return f"{local}+{code.replace('-', '')}@{domain}" if code else inbound


@lru_cache(8)
def _date(second: datetime) -> str:
    return format_datetime(second)


def _ascii_line(value: str) -> str:
    if not (value.isascii() and value.isprintable()):
        raise ValueError("a header is more than one line of ASCII")
    return value


def _part(kind: str, text: str) -> bytes:
    head = (
        f'--{BOUNDARY}\r\nContent-Type: text/{kind}; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return b"".join((head.encode(), b2a_qp(lines.encode()).replace(b"\n", b"\r\n"), b"\r\n"))


def _folded(text: str) -> str:
    """A text header in lines that fit; line breaks become spaces, so that no text can add a header."""
    line = " ".join(text.split())
    if line.isascii() and line.isprintable() and "=?" not in line:
        lines = textwrap.wrap(line, LINE, break_long_words=False, break_on_hyphens=False)
        if all(len(one) <= LINE for one in lines):
            return "\r\n ".join(lines)
    return "\r\n ".join(f"=?utf-8?b?{b64encode(word).decode()}?=" for word in _words(line))


def _words(line: str) -> Iterator[bytes]:
    """The bytes of a line, cut between characters, for one encoded word each."""
    left = line.encode()
    while len(left) > WORD_BYTES:
        end = WORD_BYTES
        while left[end] & 0xC0 == 0x80:  # inside a character
            end -= 1
        yield left[:end]
        left = left[end:]
    yield left


def domain_of(sender: str) -> str:
    """The domain of the sender's address."""
    return sender.rpartition("@")[2]
