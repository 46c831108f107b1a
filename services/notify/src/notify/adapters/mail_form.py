"""The form of a mail: headers that say what it is and that a machine wrote it, a text and its HTML twin."""

import re
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from notify.handlers.ports import Mail, Undeliverable

ADDRESS = re.compile(r"[^\s@<>()\[\],;:\\\"]{1,64}@([^\s@<>()\[\],;:\\\"]{1,190})")
SENDER_NAME = "Ascolto"


def recipient(mail: Mail) -> str:
    """The address as it goes on the wire; raises Undeliverable `bad-address` when it cannot."""
    found = ADDRESS.fullmatch(mail.to)
    try:
        domain = found[1].encode("idna").decode() if found else ""
    except UnicodeError:
        domain = ""
    if not domain or not mail.to.isprintable():
        raise Undeliverable("bad-address")
    return f"{mail.to.partition('@')[0]}@{domain}"


def compose(mail: Mail, sender: str) -> EmailMessage:
    """The message as it is sent; its Message-ID is that of the message, so copies can be told from new ones."""
    user, _, domain = recipient(mail).partition("@")
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(SENDER_NAME, addr_spec=sender)
    message["To"] = Address(username=user, domain=domain)
    message["Subject"] = mail.letter.subject
    message["Date"] = format_datetime(mail.at)
    message["Message-ID"] = f"<{mail.message_id}@{domain_of(sender)}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message["X-Ascolto-Message"] = mail.message_id
    message["X-Ascolto-Report"] = mail.report_id
    message["X-Ascolto-Template"] = mail.template
    message.set_content(mail.letter.text)
    message.add_alternative(mail.letter.html, subtype="html")
    # Content headers that are set before the second part go to the first one.
    message["Content-Language"] = mail.letter.language
    return message


def domain_of(sender: str) -> str:
    """The domain that mail comes from."""
    return sender.rpartition("@")[2]
