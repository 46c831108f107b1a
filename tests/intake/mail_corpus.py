"""Mails as they really arrive, and worse: each with what has to be read of it. All of them are invented."""

import base64
import zlib
from dataclasses import dataclass

from tests.intake.photo_files import SVG, file_of, picture, zipped

from intake.domain.mail_kinds import Envelope
from intake.domain.mails import LeftOut, MailOutcome

TENANT, DESK = "ida.finta@example.org", "segnalazioni@ascolto.example"
OWN = frozenset({DESK, "no-reply@ascolto.example"})
CODE = "0A1B2-C3D4E"
JPEG = file_of(picture())


def mail(
    body: str | bytes = "Perde ancora.", *heads: str, subject: str = "Acqua", sender: str = TENANT
) -> bytes:
    """A mail with these further header lines; a plain text unless they say otherwise."""
    lines = [
        f"From: Ida Finta <{sender}>",
        f"To: {DESK}",
        f"Subject: {subject}",
        "Message-ID: <1@example.org>",
    ]
    data = body.encode() if isinstance(body, str) else body
    return "\r\n".join([*lines, *heads, "", ""]).encode() + data.replace(b"\r\n", b"\n").replace(
        b"\n", b"\r\n"
    )


def part(data: bytes, kind: str, name: str = "", *heads: str) -> bytes:
    """An attachment in base64."""
    shown = f"Content-Disposition: attachment; filename={name}" if name else "X-None: 1"
    lines = [f"Content-Type: {kind}", "Content-Transfer-Encoding: base64", shown, *heads, "", ""]
    return "\n".join(lines).encode() + base64.encodebytes(data)


def text(words: str, kind: str = "text/plain; charset=utf-8") -> bytes:
    """A part of text."""
    return f"Content-Type: {kind}\n\n{words}\n".encode()


def several(*parts: bytes, kind: str = "mixed", subject: str = "Acqua") -> bytes:
    """A mail of parts."""
    inside = b"".join(b"--grenze\n" + one + b"\n" for one in parts) + b"--grenze--\n"
    return mail(inside, f'Content-Type: multipart/{kind}; boundary="grenze"', subject=subject)


def deep(levels: int) -> bytes:
    """Parts in parts in parts."""
    data = text("in fondo")
    for level in range(levels):
        data = b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n%s\n--b%d--\n" % (
            level,
            level,
            data,
            level,
        )
    return b"From: <ida.finta@example.org>\nSubject: x\n" + data


BY_TENANT = Envelope(TENANT, DESK)


@dataclass(frozen=True)
class Nasty:
    """A mail with what is read of it: words that its text has and has not, its own words, photos, what is left out, and why it is ignored."""

    raw: bytes
    has: str = ""
    lacks: str = "\x00"
    own: str | None = None
    photos: int = 0
    left_out: tuple[str, ...] = ()
    ignored: MailOutcome | None = None
    envelope: Envelope = BY_TENANT


QUOTE_IT = "Grazie, ora perde di più.\n\nIl giorno lun 23 nov 2026 alle ore 09:00 Ascolto <no-reply@ascolto.example>\nha scritto:\n\n> Gentile Ida,\n> abbiamo ricevuto\n"
QUOTE_OUTLOOK = "Ancora niente.\n\nDa: Ascolto\nInviato: lunedì 23 novembre 2026\nA: Ida Finta\nOggetto: Acqua\n\nGentile Ida,\n"
SIGNED = "È tornata la perdita.\n\n-- \nIda Finta\nvia degli Esempi 1\n"
GMAIL = (
    "<div>Buongiorno,<br>il <b>cancello</b> è rotto &amp; cade</div><div class='gmail_quote'><div>Il giorno lun ha scritto:</div>"
    "<blockquote>Gentile Ida</blockquote></div><script>alert(1)</script><style>p {}</style>"
)
DSN = 'Content-Type: multipart/report; report-type=delivery-status; boundary="x"'

CORPUS: dict[str, Nasty] = {
    "plain": Nasty(mail(), has="Perde ancora.", own="Perde ancora."),
    "an Italian quotation": Nasty(mail(QUOTE_IT), has="Gentile Ida", own="Grazie, ora perde di più."),
    "Outlook's quotation": Nasty(mail(QUOTE_OUTLOOK), has="Gentile Ida", own="Ancora niente."),
    "a signature": Nasty(mail(SIGNED), has="via degli Esempi 1", own="È tornata la perdita."),
    "an answer below the quotation": Nasty(
        mail("On Mon, 23 Nov 2026 Ascolto wrote:\n> Gentile Ida\n\nAncora rotto\n\nInviato da iPhone"),
        own="Ancora rotto",
    ),
    "a quotation alone": Nasty(mail("> tutto citato\n> qui"), own="> tutto citato\n> qui"),
    "HTML alone": Nasty(
        mail(GMAIL, "Content-Type: text/html; charset=utf-8"),
        has="il cancello è rotto & cade",
        lacks="alert",
        own="Buongiorno,\nil cancello è rotto & cade",
    ),
    "HTML that never ends": Nasty(
        mail("<div><p><b>aiuto<!-- <![CDATA[ <a href='", "Content-Type: text/html"), has="aiuto"
    ),
    "text beside HTML": Nasty(
        several(text("solo testo"), text("<p>ricco</p>", "text/html"), kind="alternative"),
        has="solo testo",
        lacks="ricco",
    ),
    "an empty text beside HTML": Nasty(
        several(text(""), text("<p>ricco</p>", "text/html"), kind="alternative"), has="ricco"
    ),
    "Latin-1 that says nothing": Nasty(mail("perchè è così".encode("latin-1")), has="perchè è così"),
    "a character set that nobody knows": Nasty(
        mail("però", "Content-Type: text/plain; charset=x-klingon"), has="però"
    ),
    "another character set than it says": Nasty(
        mail("però".encode("latin-1"), "Content-Type: text/plain; charset=utf-8"), has="però"
    ),
    "UTF-16 cut in half": Nasty(
        mail("ciao".encode("utf-16")[:-1], "Content-Type: text/plain; charset=utf-16")
    ),
    "base64 that is damaged": Nasty(
        mail("UGVyZGU=\n!!!\nYW5jb3Jh?", "Content-Transfer-Encoding: base64", "Content-Type: text/plain")
    ),
    "a subject of encoded words": Nasty(mail(subject="=?utf-8?q?Perch=C3=A9?= =?x-no?b?////?="), has="Perde"),
    "a subject of raw bytes": Nasty(
        b"From: ida.finta@example.org\r\nSubject: Perch\xe9 \xff\r\n\r\nPerde", has="Perde"
    ),
    "null characters": Nasty(mail("per\x00de\x07"), has="perde"),
    "a photo": Nasty(several(text("eccola"), part(JPEG, "image/jpeg", "IMG.JPG")), has="eccola", photos=1),
    "a photo that calls itself a document": Nasty(
        several(text("x"), part(JPEG, "application/pdf", "a.pdf")), photos=1
    ),
    "the logo of a signature": Nasty(several(text("x"), part(JPEG, "image/jpeg", "", "Content-ID: <logo>"))),
    "a zip named jpg": Nasty(
        several(text("x"), part(zipped(), "image/jpeg", "a.jpg")), left_out=(LeftOut.ARCHIVE,)
    ),
    "an SVG": Nasty(several(text("x"), part(SVG, "image/svg+xml", "a.svg")), left_out=(LeftOut.OTHER_FILE,)),
    "a program": Nasty(
        several(text("x"), part(b"MZ\x90", "application/x-msdownload", "a.exe")), left_out=(LeftOut.PROGRAM,)
    ),
    "winmail.dat": Nasty(
        several(text("x"), part(b"\x78\x9f\x3e\x22", "application/ms-tnef", "winmail.dat")),
        left_out=(LeftOut.WINMAIL,),
    ),
    "a document": Nasty(
        several(text("x"), part(b"%PDF-1.7", "application/pdf", "sfratto.pdf")), left_out=(LeftOut.DOCUMENT,)
    ),
    "a text as attachment": Nasty(
        several(text("x"), part(b"nota", "text/plain", "nota.txt")),
        lacks="nota",
        left_out=(LeftOut.DOCUMENT,),
    ),
    "a signature of S/MIME": Nasty(
        several(text("x"), part(b"0\x82", "application/pkcs7-signature", "smime.p7s"), kind="signed")
    ),
    "a mail in a mail": Nasty(
        several(
            text("inoltro"),
            b"Content-Type: message/rfc822\n\nFrom: <b@example.org>\nSubject: Muffa\n\nC'e muffa\n",
        ),
        has="C'e muffa",
    ),
    "no end of its parts": Nasty(several(text("senza fine")).replace(b"--grenze--", b""), has="senza fine"),
    "no boundary": Nasty(mail("solo\n--x\ntesto", "Content-Type: multipart/mixed"), has="solo"),
    "a hundred levels": Nasty(deep(100), left_out=(LeftOut.TOO_MANY_PARTS,)),
    "two thousand levels": Nasty(deep(2000), left_out=(LeftOut.UNREADABLE,)),
    "a thousand parts": Nasty(
        several(*[text(f"n{n}") for n in range(1000)]),
        has="n90",
        lacks="n500",
        left_out=(LeftOut.TOO_MANY_PARTS,),
    ),
    "no head": Nasty(b"\r\n\r\nsolo corpo", has="solo corpo"),
    "nothing": Nasty(b""),
    "a head without end": Nasty(b"Subject: a\r\n" * 5000),
    "a header of a megabyte": Nasty(mail("x", "X-Long: " + "=?utf-8?q?a?= " * 70_000), has="x"),
    "compressed noise": Nasty(zlib.compress(b"x" * 5000) * 50),
    "a bounce": Nasty(mail("Undelivered", DSN), ignored=MailOutcome.BOUNCE, envelope=Envelope("", DESK)),
    "a bounce with a return path": Nasty(mail("Undelivered", DSN), ignored=MailOutcome.BOUNCE),
    "out of office": Nasty(
        mail("Sono in ferie", "Auto-Submitted: auto-replied"), ignored=MailOutcome.AUTO_REPLY
    ),
    "out of office of Exchange": Nasty(
        mail("x", "X-Auto-Response-Suppress: DR, OOF"), ignored=MailOutcome.AUTO_REPLY
    ),
    "out of office of nobody": Nasty(
        mail(subject="Risposta automatica: Acqua"), ignored=MailOutcome.AUTO_REPLY
    ),
    "written by a person, as it says": Nasty(mail("x", "Auto-Submitted: no"), has="x"),
    "a mailing list": Nasty(mail("x", "List-Id: <offerte.example.org>"), ignored=MailOutcome.LIST_MAIL),
    "bulk": Nasty(mail("x", "Precedence: bulk"), ignored=MailOutcome.LIST_MAIL),
    "our own mail": Nasty(
        mail("x", "X-Ascolto-Message: 1", "Auto-Submitted: auto-generated"), ignored=MailOutcome.LOOP
    ),
    "from our own address": Nasty(mail(sender="segnalazioni+abc@ascolto.example"), ignored=MailOutcome.LOOP),
    "a loop that says so": Nasty(mail("x", "X-Loop: Ascolto"), ignored=MailOutcome.LOOP),
    "sixty servers": Nasty(mail("x", *["Received: by example.org"] * 60), ignored=MailOutcome.LOOP),
    "an answer to our mail": Nasty(
        mail("ecco", "In-Reply-To: <1@ascolto.example>", "References: <1@ascolto.example>"), has="ecco"
    ),
}
