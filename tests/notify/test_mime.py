"""Letters as MIME, read back by the parser of the standard library."""

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify.adapters.letters_jinja import JinjaLetters
from notify.adapters.mime import compose, recipient
from notify.domain.letters import Letter, Mail
from notify.domain.samples import REPORT_ID, VALUES, sample_contact
from webkit.i18n import PUBLIC

SENDER, REPLY_TO = "no-reply@ascolto.example", "segnalazioni+0A1B2C3D4E@ascolto.example"
AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
NAMES = ("Ada", "D'Àvila-Örn", "Ștefăniță", "Олександра", "فاطمة الزهراء", "陳大文", "อรุณี", "आदा", "👩‍👧")
WORDS = st.sampled_from(
    (*NAMES, "scala", "=?utf-8?q?no?=", "=20", ".", "--=_ascolto", "a" * 80, "1.850,00 €")
)
# Whatever a text may hold: long lines, other scripts, line ends of every kind, dots, trailing blanks, controls.
TEXTS = st.lists(WORDS | st.text(st.characters(exclude_categories=["Cs"])), max_size=40).flatmap(
    lambda parts: st.sampled_from((" ", "\n", "\r\n", "\r", "\n.", " \n", "")).map(
        lambda end: end.join(parts)
    )
)


def mail_of(letter: Letter, to: str = "ada@esempio.example") -> Mail:
    return Mail(REPORT_ID, REPORT_ID, "case-opened", to, letter, AT)


def parsed(wire: bytes) -> EmailMessage:
    return message_from_bytes(wire, policy=default)


def content(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    assert part.get_content_charset() == "utf-8"
    return str(part.get_content()).replace("\r\n", "\n")


def lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@given(subject=TEXTS, text=TEXTS, html=TEXTS)
def test_the_parser_of_the_standard_library_reads_back_what_was_written(
    subject: str, text: str, html: str
) -> None:
    mail = mail_of(Letter(subject, text, html, "it"))
    wire = compose(mail, SENDER, REPLY_TO)
    read = parsed(wire)

    assert content(read, "plain") == lines(text)
    assert content(read, "html") == lines(html)
    assert [part.get_content_type() for part in read.iter_parts()] == ["text/plain", "text/html"]
    assert str(read["Subject"]) == " ".join(subject.split())
    assert (read["To"], read["From"], read["Reply-To"]) == (mail.to, f"Ascolto <{SENDER}>", REPLY_TO)
    assert [*read.defects, *(defect for part in read.walk() for defect in part.defects)] == []
    # Neither a text nor a subject adds a header, and no line is longer than RFC 5322 recommends.
    assert len(read.keys()) == len(set(read.keys())) == 14
    assert wire.isascii()
    assert all(len(line) <= 78 for line in wire.split(b"\r\n"))
    assert wire.count(b"\n") == wire.count(b"\r") == wire.count(b"\r\n")


@pytest.mark.parametrize("language", PUBLIC)
def test_every_letter_in_every_language_arrives_as_it_was_rendered(
    letters: JinjaLetters, language: str
) -> None:
    for name in NAMES:
        contact = replace(sample_contact(language), name=name, place=f"via {name} 1")
        for kind, variants in VALUES.items():
            letter = letters.write(kind, variants[0], contact, REPORT_ID)
            read = parsed(compose(mail_of(letter), SENDER))

            assert (content(read, "plain"), content(read, "html")) == (letter.text, lines(letter.html))
            assert (str(read["Subject"]), read["Content-Language"]) == (letter.subject, language)


@given(name=st.sampled_from(("message_id", "report_id", "template")), value=st.text(min_size=1))
def test_no_id_can_add_a_header(name: str, value: str) -> None:
    ids = {"message_id": REPORT_ID, "report_id": REPORT_ID, "template": "case-opened"} | {name: value}
    mail = replace(mail_of(Letter("Oggetto", "testo", "<p>testo</p>", "it")), **ids)  # type: ignore[arg-type]
    if value.isascii() and value.isprintable():
        assert len(parsed(compose(mail, SENDER)).keys()) == 13
    else:
        with pytest.raises(ValueError, match="more than one line of ASCII"):
            compose(mail, SENDER)


def test_an_address_outside_ascii_is_written_as_it_is() -> None:
    mail = mail_of(Letter("Oggetto", "testo", "<p>testo</p>", "it"), to="josé@münchen.example")

    assert f"To: {recipient(mail)}\r\n".encode() in compose(mail, SENDER)
    assert recipient(mail) == "josé@xn--mnchen-3ya.example"
