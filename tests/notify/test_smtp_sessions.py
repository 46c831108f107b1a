"""Sessions with servers that end them, answer in pieces or lack an extension."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field, replace

import pytest
from tests.notify.test_mailers import MAIL, SENDER

from chassis.errors import Unavailable
from notify.adapters.smtp import LETTERS_EACH, SmtpMailer
from notify.domain.letters import Undeliverable

REPLIES = {"DATA": b"354 go on\r\n", "QUIT": b"221 bye\r\n"}
CLOSE = b""


@dataclass
class Scripted:
    """A mail server that answers each command with the next of its replies, and otherwise takes everything."""

    script: dict[str, list[bytes]] = field(default_factory=dict)
    letters: list[bytes] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    sessions: int = 0

    def next_reply(self, verb: str) -> bytes:
        waiting = self.script.get(verb)
        return waiting.pop(0) if waiting else REPLIES.get(verb, b"250 OK\r\n")

    async def session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.sessions += 1
        writer.write(b"220 mail.example\r\n")
        with suppress(OSError, asyncio.IncompleteReadError):
            while verb := (await reader.readuntil(b"\r\n")).decode().split()[0].rstrip(":"):
                self.commands.append(verb)
                reply = self.next_reply(verb)
                if reply == REPLIES["DATA"]:
                    await self.answer(writer, reply)
                    self.letters.append(await reader.readuntil(b"\r\n.\r\n"))
                    reply = self.next_reply(".")
                if reply == CLOSE:
                    break
                await self.answer(writer, reply)
        writer.close()

    async def answer(self, writer: asyncio.StreamWriter, reply: bytes) -> None:
        for piece in reply.split(b"|"):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.001)


@pytest.fixture
async def server() -> Scripted:
    return Scripted()


@pytest.fixture
async def mailer(server: Scripted) -> AsyncIterator[SmtpMailer]:
    async with await asyncio.start_server(server.session, "127.0.0.1", 0) as listening:
        mailer = SmtpMailer("127.0.0.1", listening.sockets[0].getsockname()[1], SENDER)
        yield mailer
        await mailer.close()


async def test_a_session_that_the_server_ended_between_two_letters_costs_no_letter(
    server: Scripted, mailer: SmtpMailer
) -> None:
    server.script = {"MAIL": [b"250 OK\r\n", CLOSE]}
    await mailer.send(MAIL)
    await mailer.send(MAIL)

    assert (len(server.letters), server.sessions) == (2, 2)


async def test_a_reply_that_is_followed_by_the_end_of_the_session_counts(
    server: Scripted, mailer: SmtpMailer
) -> None:
    server.script = {".": [b"250 kept\r\n421 too many letters\r\n"]}
    await mailer.send(MAIL)
    await mailer.send(MAIL)

    assert (len(server.letters), server.sessions) == (2, 2)


async def test_a_reply_in_pieces_and_lines_is_one(server: Scripted, mailer: SmtpMailer) -> None:
    server.script = {"MAIL": [b"250-one\r\n25|0-two\r|\n250 thr|ee\r\n"], ".": [b"250|\r\n"]}
    await mailer.send(MAIL)

    assert server.commands[-3:] == ["MAIL", "RCPT", "DATA"]
    assert len(server.letters) == 1


async def test_a_letter_whose_reply_is_lost_is_not_sent_again_by_itself(
    server: Scripted, mailer: SmtpMailer
) -> None:
    await mailer.send(MAIL)
    server.script = {".": [CLOSE], "MAIL": [b"250 OK\r\n", CLOSE]}

    with pytest.raises(Unavailable):
        await mailer.send(MAIL)
    assert len(server.letters) == 2


async def test_a_session_ends_after_a_number_of_letters(server: Scripted, mailer: SmtpMailer) -> None:
    for _ in range(LETTERS_EACH + 1):
        await mailer.send(MAIL)

    assert (len(server.letters), server.sessions) == (LETTERS_EACH + 1, 2)
    assert server.commands.count("QUIT") == 1
    assert "RSET" not in server.commands


@pytest.mark.parametrize("verb", ["MAIL", "DATA"])
async def test_a_refusal_resets_the_session_for_the_next_letter(
    server: Scripted, mailer: SmtpMailer, verb: str
) -> None:
    server.script = {verb: [b"451 later\r\n"]}
    with pytest.raises(Unavailable, match="451"):
        await mailer.send(MAIL)
    await mailer.send(MAIL)

    assert (len(server.letters), server.sessions) == (1, 1)
    assert server.commands.count("RSET") == 1


async def test_a_refused_sender_is_no_fault_of_the_letter(server: Scripted, mailer: SmtpMailer) -> None:
    server.script = {"MAIL": [b"550 not from you\r\n"]}

    with pytest.raises(Unavailable, match="550"):
        await mailer.send(MAIL)


async def test_a_letter_that_the_server_refuses_as_a_whole_is_undeliverable(
    server: Scripted, mailer: SmtpMailer
) -> None:
    server.script = {".": [b"554 no\r\n"]}

    with pytest.raises(Undeliverable, match="smtp-554"):
        await mailer.send(MAIL)


async def test_an_address_outside_ascii_needs_a_server_that_takes_it(
    server: Scripted, mailer: SmtpMailer
) -> None:
    with pytest.raises(Undeliverable, match="bad-address"):
        await mailer.send(replace(MAIL, to="josé@example.org"))
    assert "MAIL" not in server.commands


async def test_an_older_server_is_greeted_with_helo(server: Scripted, mailer: SmtpMailer) -> None:
    server.script = {"EHLO": [b"502 what\r\n"]}
    await mailer.send(MAIL)

    assert len(server.letters) == 1
    assert "HELO" in server.commands
