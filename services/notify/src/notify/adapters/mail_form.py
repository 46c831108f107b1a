"""The form of a mail: headers that say what it is and that a machine wrote it, a text and its HTML twin."""

import re
from email.charset import QP, Charset
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.policy import compat32
from email.utils import format_datetime

import idna

from notify.handlers.ports import Mail, Undeliverable

# Wider than what intake takes in: addresses that it took under former rules are still tried, and their server decides.
ADDRESS = re.compile(r"[^\s@<>()\[\],;:\\\"]{1,64}@([^\s@<>()\[\],;:\\\"]{1,253})")
SENDER_NAME = "Ascolto"
# Headers are written as they go on the wire. The newer policy of `email` takes each apart and puts it together again,
# which costs four times what everything else about a letter does.
WIRE = compat32.clone(linesep="\r\n", max_line_length=None)
UTF8 = Charset("utf-8")
UTF8.body_encoding = QP


def recipient(mail: Mail) -> str:
    """The address as it goes on the wire; raises Undeliverable `bad-address` when it cannot."""
    found = ADDRESS.fullmatch(mail.to)
    try:
        domain = _on_the_wire(found[1]) if found else ""
    except UnicodeError:
        domain = ""
    if not domain or not mail.to.isprintable():
        raise Undeliverable("bad-address")
    return f"{mail.to.partition('@')[0]}@{domain}"


def _on_the_wire(domain: str) -> str:
    """A domain in ASCII (IDNA 2008, where ß stays a letter of its own); raises UnicodeError when there is none."""
    return (domain.encode("idna") if domain.isascii() else idna.encode(domain, uts46=True)).decode()


def compose(mail: Mail, sender: str) -> bytes:
    """The message as it goes on the wire; its Message-ID is that of the message, so copies can be told from new ones."""
    message = MIMEMultipart("alternative", policy=WIRE)
    headers = {
        "From": f"{SENDER_NAME} <{sender}>",
        "To": _raw(recipient(mail)),
        "Subject": _text("Subject", mail.letter.subject),
        "Date": format_datetime(mail.at),
        "Message-ID": f"<{mail.message_id}@{domain_of(sender)}>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "X-Ascolto-Message": mail.message_id,
        "X-Ascolto-Report": mail.report_id,
        "X-Ascolto-Template": mail.template,
        "Content-Language": mail.letter.language,
    }
    for name, value in headers.items():
        message[name] = value
    message.attach(_part("plain", mail.letter.text))
    message.attach(_part("html", mail.letter.html))
    return message.as_bytes()


def _raw(address: str) -> str:
    """An address as RFC 6532 has it: its own letters, which are never encoded; where they are not ASCII, SMTPUTF8 is asked for."""
    return address.encode().decode("ascii", "surrogateescape")


def _part(kind: str, text: str) -> MIMENonMultipart:
    part = MIMENonMultipart("text", kind, policy=WIRE, charset="utf-8")
    part.set_payload(text, UTF8)
    return part


def _text(name: str, text: str) -> str:
    """A header of words; whatever would end it and begin another is a space."""
    line = " ".join(text.split())
    return Header(line, "us-ascii" if line.isascii() else "utf-8", header_name=name).encode(linesep="\r\n")


def domain_of(sender: str) -> str:
    """The domain that mail comes from."""
    return sender.rpartition("@")[2]
