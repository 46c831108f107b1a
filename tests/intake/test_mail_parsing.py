"""Reading mails: whatever arrives is read, nothing of it is lost, and what is no mail of a person is recognised."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.intake.mail_corpus import CODE, CORPUS, DESK, JPEG, OWN, TENANT, Nasty, mail, several, text

from chassis.errors import Refused
from intake.adapters.mail_parser import MOST_TEXT, read_mail
from intake.adapters.mail_processes import MailProcesses
from intake.domain.mail_kinds import ignored_as
from intake.domain.mail_text import codes_in, language_of, own_words, subject_words, tag_of
from intake.domain.mails import captured_at

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LINES = st.sampled_from(
    [
        "> citato",
        "Il giorno x ha scritto:",
        "-- ",
        "Da: x",
        "Inviato: y",
        "A: z",
        "ciao",
        "",
        " ",
        "---- Original message ----",
    ]
)


@pytest.mark.parametrize("name", CORPUS)
def test_a_nasty_mail_is_read(name: str) -> None:
    nasty: Nasty = CORPUS[name]

    read = read_mail(nasty.raw)

    assert nasty.has in read.text
    assert nasty.lacks not in read.text
    assert nasty.own is None or own_words(read.text) == nasty.own
    assert (len(read.photos), read.left_out) == (nasty.photos, nasty.left_out)
    assert ignored_as(read, nasty.envelope, OWN) == nasty.ignored


@given(
    st.binary(max_size=400),
    st.sampled_from([nasty.raw for nasty in CORPUS.values() if len(nasty.raw) < 20_000]),
    st.data(),
)
@settings(max_examples=150, deadline=None)
def test_no_bytes_make_the_reader_raise(noise: bytes, raw: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(raw)))
    for damaged in (noise, raw[:at] + noise + raw[at:], raw[:at], raw[at:]):
        read = read_mail(damaged)

        assert len(read.text) <= MOST_TEXT
        (read.text + read.subject + read.sender + read.sender_name).encode()  # storable
        own_words(read.text), ignored_as(read, CORPUS["plain"].envelope, OWN)


@given(st.lists(LINES, max_size=12).map("\n".join))
def test_own_words_are_lines_of_the_text_and_never_nothing_of_something(written: str) -> None:
    own = own_words(written)

    assert {line.strip() for line in own.split("\n")} <= {line.strip() for line in written.split("\n")} | {""}
    assert bool(own) == bool(written.strip())


def test_a_mail_is_the_same_whatever_servers_add_on_its_way_and_another_one_is_not() -> None:
    first = read_mail(mail())
    again = read_mail(b"Received: by a.example.org\r\nDelivered-To: x@example.org\r\n" + mail())

    assert first.content_hash == again.content_hash
    assert read_mail(mail("Perde ancora!")).content_hash != first.content_hash
    assert read_mail(mail(subject="Luce")).content_hash != first.content_hash


def test_codes_are_found_where_people_write_them() -> None:
    assert codes_in(f"R: [{CODE}] Acqua", f"il codice e {CODE.lower()}, grazie") == (CODE,)
    assert codes_in("XABCDE-12345", "ABCDE-123456", "abc-de", "aaaa1-bbbb2") == ("AAAA1-BBBB2",)
    assert tag_of("segnalazioni+0A1B2C3D4E@ascolto.example") == "0A1B2C3D4E"
    assert tag_of(DESK) == ""
    assert (subject_words("R: Acqua"), subject_words("Acqua")) == ("", "Acqua")
    assert (language_of("ro-RO"), language_of("xx"), language_of("")) == ("ro", "it", "it")


def test_the_date_of_a_mail_counts_only_when_it_can_be_true() -> None:
    near, old, future = NOON - timedelta(days=1), NOON - timedelta(days=6), NOON + timedelta(minutes=1)

    assert [captured_at(date, NOON) for date in (near, old, future, None)] == [near, NOON, NOON, NOON]
    assert read_mail(mail("x", "Date: Fri, 20 Nov 2026 13:00:00 +0100")).date == NOON
    assert read_mail(mail("x", "Date: never")).date is None


async def test_a_process_of_its_own_reads_the_same_and_may_die() -> None:
    raw = several(text("perché"), b"Content-Type: image/jpeg\n\n" + JPEG.replace(b"\n", b"")) + b"\xff"

    assert await MailProcesses().read(raw) == read_mail(raw)
    assert (await MailProcesses().read(CORPUS["a photo"].raw)).photos == (JPEG,)
    with pytest.raises(Refused, match="mail-unreadable"):
        await MailProcesses(seconds=0.0).read(raw)
    assert read_mail(mail()).sender == TENANT
