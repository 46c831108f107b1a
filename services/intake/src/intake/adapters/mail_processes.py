"""Reads mails in processes of their own, so that the event loop and the memory of the service are not concerned."""

import asyncio
import json
from datetime import datetime

from chassis.errors import Refused
from intake.adapters.worker_process import output_of
from intake.domain.mails import ReadMail

AT_ONCE, SECONDS = 2, 30.0
_WORKER = "intake.adapters.mail_worker"


class MailProcesses:
    """Reads with the program `mail_worker`."""

    def __init__(self, at_once: int = AT_ONCE, seconds: float = SECONDS) -> None:
        self._turns, self._seconds = asyncio.Semaphore(at_once), seconds

    async def read(self, raw: bytes) -> ReadMail:
        """The mail; raises Refused (422) for one that uses too much memory or time to be read."""
        async with self._turns:
            answer = await output_of(_WORKER, given=raw, seconds=self._seconds)
        if not answer:
            raise Refused(
                "mail-unreadable", "The mail cannot be read in the time and memory that one may use.", 422
            )
        return _mail(answer)


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
