"""Reads mails in processes of their own, so that the event loop and the memory of the service are not concerned."""

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE
from datetime import datetime

from chassis.errors import Refused
from intake.domain.mails import ReadMail

AT_ONCE, SECONDS = 2, 30.0
_COMMAND = ("-I", "-m", "intake.adapters.mail_worker")


class MailProcesses:
    """Reads with the program `mail_worker`."""

    def __init__(self, at_once: int = AT_ONCE, seconds: float = SECONDS) -> None:
        self._turns, self._seconds = asyncio.Semaphore(at_once), seconds

    async def read(self, raw: bytes) -> ReadMail:
        """The mail; raises Refused (422) for one that uses too much memory or time to be read."""
        async with self._turns:
            answer = await self._run(raw)
        if not answer:
            raise Refused(
                "mail-unreadable", "The mail cannot be read in the time and memory that one may use.", 422
            )
        return _mail(answer)

    async def _run(self, raw: bytes) -> bytes:
        """The output of the program; empty when it was killed or took too long."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, *_COMMAND, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env={}
        )
        try:
            async with asyncio.timeout(self._seconds):
                answer, _ = await process.communicate(raw)
        except TimeoutError:
            return b""
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return answer if process.returncode == 0 else b""


def _mail(answer: bytes) -> ReadMail:
    first, _, rest = answer.partition(b"\n")
    head = json.loads(first)
    photos, at = [], 0
    for length in head["photos"]:
        photos.append(rest[at : at + length])
        at += length
    return ReadMail(
        **head
        | {
            "date": head["date"] and datetime.fromisoformat(head["date"]),
            "headers": {name: tuple(values) for name, values in head["headers"].items()},
            "photos": tuple(photos),
            "left_out": tuple(head["left_out"]),
        }
    )
