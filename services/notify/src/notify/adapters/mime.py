"""A mail as MIME: a text and an HTML part, and headers that identify the message and mark it as automatic."""

import re
from email.charset import QP, Charset
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.policy import compat32
from email.utils import format_datetime

import idna

from notify.domain.letters import Mail, Undeliverable

# Wider than intake's own check: addresses that earlier versions accepted are still tried, and their server decides.
ADDRESS = re.compile(r"[^\s@<>()\[\],;:\\\"]{1,64}@([^\s@<>()\[\],;:\\\"]{1,253})")
SENDER_NAME = "Ascolto"
# Headers are written in their wire format. The newer policy of `email` parses and refolds each of them, which takes
# four times as long as everything else about a letter.
WIRE = compat32.clone(linesep="\r\n", max_line_length=None)
UTF8 = Charset("utf-8")
UTF8.body_encoding = QP


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
    """The message in its wire format; its Message-ID is derived from the message's id, so that copies can be recognised."""
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
    if reply_to:
        headers["Reply-To"] = reply_to
    for name, value in headers.items():
        message[name] = value
    message.attach(_part("plain", mail.letter.text))
    message.attach(_part("html", mail.letter.html))
    return message.as_bytes()


def reply_address(inbound: str, code: str | None) -> str:
    """The address that answers go to: that of the agency's reports, with the code of this report, so that they reach it."""
    local, _, domain = inbound.rpartition("@")
    return f"{local}+{code.replace('-', '')}@{domain}" if code else inbound


def _raw(address: str) -> str:
    """An address as RFC 6532 writes it: never encoded; an address outside ASCII needs SMTPUTF8."""
    return address.encode().decode("ascii", "surrogateescape")


def _part(kind: str, text: str) -> MIMENonMultipart:
    part = MIMENonMultipart("text", kind, policy=WIRE, charset="utf-8")
    part.set_payload(text, UTF8)
    return part


def _text(name: str, text: str) -> str:
    """A text header; line breaks become spaces, so that no text can add a header."""
    line = " ".join(text.split())
    return Header(line, "us-ascii" if line.isascii() else "utf-8", header_name=name).encode(linesep="\r\n")


def domain_of(sender: str) -> str:
    """The domain of the sender's address."""
    return sender.rpartition("@")[2]
