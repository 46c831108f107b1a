"""What the system holds after a campaign, read from the databases, the topics and intake's API for staff."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import httpx
from pymongo import MongoClient
from tests.field.account import Held
from tests.field.pictures import number_of

from stack.account_checks import CASE
from stack.account_sources import read_topics
from stack.dev_tokens import DevTokens
from stack.ports import HOST, Ports
from stack.system import System

AT_ONCE = 4
REGISTERED = ("report-registered.v1",)
PATIENCE_SECONDS = 90.0


@dataclass(frozen=True)
class Holdings:
    """The reports of intake, and how many events say that each was registered and has a case."""

    held: Sequence[Held]
    registered: Counter[str]
    cases: Counter[str]


def read_holdings(system: System, began: float, before: set[str]) -> Holdings:
    """What intake holds beside the reports `before`, once each has its case or a minute and a half has passed.

    `began` is in seconds since 1970."""
    ids = sorted(report_ids(system) - before)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        registered, cases = _events(system, ids, began)
        if {*ids} <= cases.keys() or time.monotonic() > deadline:
            return Holdings(asyncio.run(_read_all(system, ids)), registered, cases)
        time.sleep(1)


def report_ids(system: System) -> set[str]:
    """The ids of all reports."""
    with MongoClient[dict[str, object]](system.mongod.admin) as client:
        return {str(row["_id"]) for row in client["intake"]["reports"].find({}, {"_id": 1})}


def _events(system: System, ids: Sequence[str], began: float) -> tuple[Counter[str], Counter[str]]:
    facts, _ = read_topics(system.kafka.admin, {*ids}, began)
    # The relay may send an event again: copies have its id.
    once = {fact.id: fact for fact in facts}.values()
    registered = Counter(fact.subject for fact in once if fact.type in REGISTERED)
    return registered, Counter(fact.subject for fact in once if fact.type in CASE)


async def _read_all(system: System, ids: Sequence[str]) -> list[Held]:
    """The reports as staff reads them, each photo by the number that it shows."""
    tokens, room = DevTokens.read(system.issuer_url, system.secrets.clients), asyncio.Semaphore(AT_ONCE)
    intake = f"http://{HOST}:{Ports(system.service('intake').folder)['http']}"
    async with httpx.AsyncClient(timeout=30) as client:

        async def post(url: str, form: object) -> dict[str, object]:
            return dict((await client.post(url, data=form)).raise_for_status().json())  # type: ignore[arg-type]

        async def get(path: str) -> httpx.Response:
            headers = await tokens.header("coordinator", post)
            return (await client.get(intake + path, headers=headers)).raise_for_status()

        async def read(report_id: str) -> Held:
            async with room:
                report = (await get(f"/internal/reports/{report_id}")).json()
                listed = (await get(f"/v1/reports/{report_id}/photos")).json()["photos"]
                shown = [
                    number_of((await get(f"/v1/reports/{report_id}/photos/{one['sha256']}/medium")).content)
                    for one in listed
                ]
                return Held(report_id, report["description"] or "", tuple(shown))

        return list(await asyncio.gather(*map(read, ids)))
