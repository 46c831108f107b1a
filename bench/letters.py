"""`python -m bench.letters`: what a letter costs in notify, step by step against the libraries, and how fast a backlog is sent."""

import argparse
import asyncio
import shutil
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from itertools import cycle, islice
from statistics import median

import aiosmtplib
import uvloop

from bench.costs import Cost
from bench.counters import ABORTED, COMMITTED, REQUESTS
from bench.letters_backlog import send_backlog
from notify.adapters.catalogue_file import read_catalogue
from notify.adapters.letters_jinja import JinjaLetters
from notify.adapters.mime import compose, domain_of
from notify.adapters.smtp import SESSIONS, SmtpMailer
from notify.domain.letters import Mail
from notify.domain.samples import REPORT_ID, VALUES, sample_contact
from stack.ports import HOST, Ports
from stack.processes import StackError, print_stderr
from stack.system import System
from stack.tools import REPOSITORY
from webkit.agency import read_agency
from webkit.i18n import PUBLIC

STATE = REPOSITORY / ".state" / "bench-letters"
SEED = REPOSITORY / "deploy" / "seed" / "notify"
SENDER = "no-reply@ascolto.example"
KINDS = ("report-received", "case-opened")  # the two letters of a report


def main(words: Sequence[str] | None = None) -> int:
    """Print the processor milliseconds of each step of a letter and, with `--reports`, what the letters of a backlog cost."""
    parser = argparse.ArgumentParser(prog="python -m bench.letters", description=__doc__)
    parser.add_argument("--letters", type=int, default=400, help="letters of each round")
    parser.add_argument("--rounds", type=int, default=7, help="rounds, in which the arms take turns")
    parser.add_argument(
        "--reports", type=int, default=0, help="start a system, and send two letters for each"
    )
    args = parser.parse_args(words)
    system = System(STATE)
    system.stop()  # left over from a killed run
    shutil.rmtree(STATE, ignore_errors=True)
    try:
        system.start_mailbox()
        uvloop.install()
        asyncio.run(_steps(args.letters, args.rounds, Ports(system.mailbox.folder)["smtp"]))
        if args.reports:
            print_stderr("starting the system …")
            system.start()
            _tell(asyncio.run(send_backlog(system, args.reports)))
    finally:
        system.stop()
    return 0


async def _steps(count: int, rounds: int, port: int) -> None:
    """Measure each step `rounds` times, ours and the library's in turn, and print medians per letter."""
    letters = JinjaLetters(read_catalogue(SEED), read_agency(SEED), "https://ascolto.example")
    mails, ours, theirs = _written(letters, count), SmtpMailer(HOST, port, SENDER), Library(port)
    steps: dict[str, Callable[[], object]] = {
        "render": lambda: _written(letters, count),
        "compose": lambda: [compose(mail, SENDER) for mail in mails],
        "compose with email.message": lambda: [_composed_by_library(mail) for mail in mails],
        "compose and send": lambda: _send(mails, ours.send),
        "compose with email.message and send with aiosmtplib": lambda: _send(mails, theirs.send),
    }
    took: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds + 1):
        for name, step in steps.items():
            before = time.process_time()
            begun = step()
            if isinstance(begun, Awaitable):
                await begun
            took[name].append(1000 * (time.process_time() - before) / count)
    for name, found in took.items():
        sys.stdout.write(f"{median(found[1:]):7.3f} ms  {name}\n")  # the first round warms up
    await ours.close()
    await theirs.close()


def _written(letters: JinjaLetters, count: int) -> list[Mail]:
    """Letters of the two kinds in every language in turn."""
    wanted = cycle((kind, sample_contact(language)) for language in PUBLIC for kind in KINDS)
    now = datetime.now(UTC)  # noqa: TID251
    return [
        Mail(REPORT_ID, REPORT_ID, kind, to.email, letters.write(kind, VALUES[kind][0], to, REPORT_ID), now)
        for kind, to in islice(wanted, count)
    ]


async def _send(mails: Sequence[Mail], send: Callable[[Mail], Awaitable[None]]) -> None:
    left = iter(mails)

    async def go_on() -> None:
        for mail in left:
            await send(mail)

    await asyncio.gather(*(go_on() for _ in range(SESSIONS)))


class Library:
    """The same with the libraries alone: `email.message`, and a pool of connections of aiosmtplib."""

    def __init__(self, port: int) -> None:
        self._port, self._idle = port, list[aiosmtplib.SMTP]()

    async def send(self, mail: Mail) -> None:
        """Compose and send one mail."""
        if self._idle:
            client = self._idle.pop()
        else:
            client = aiosmtplib.SMTP(hostname=HOST, port=self._port, local_hostname=domain_of(SENDER))
            await client.connect()
        await client.sendmail(SENDER, [mail.to], _composed_by_library(mail))
        self._idle.append(client)

    async def close(self) -> None:
        """End the sessions."""
        for client in self._idle:
            await client.quit()


def _composed_by_library(mail: Mail) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = SENDER, mail.to, mail.letter.subject
    message["Date"] = format_datetime(mail.at)
    message["Message-ID"] = f"<{mail.message_id}@{domain_of(SENDER)}>"
    for name, value in (
        ("Message", mail.message_id),
        ("Report", mail.report_id),
        ("Template", mail.template),
    ):
        message[f"X-Ascolto-{name}"] = value
    message["Auto-Submitted"], message["X-Auto-Response-Suppress"] = "auto-generated", "All"
    message["Content-Language"] = mail.letter.language
    message.set_content(mail.letter.text, cte="quoted-printable")
    message.add_alternative(mail.letter.html, subtype="html", cte="quoted-printable")
    return message.as_bytes()


def _tell(cost: Cost) -> None:
    rate, requests = cost.reports / cost.seconds, cost.counted(REQUESTS)
    sys.stdout.write(f"a backlog of {cost.reports} letters, idle work subtracted: {rate:.0f} letters/s\n")
    for name in cost.cpu:
        sys.stdout.write(f"{cost.milliseconds(name):7.3f} ms  {name}\n")
    sys.stdout.write(
        f"{requests:.2f} MongoDB requests and {cost.counted(COMMITTED):.3f} transactions a letter, "
        f"{cost.counted(ABORTED):.3f} aborted\n"
    )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except StackError as error:
        sys.exit(f"bench: {error}")
