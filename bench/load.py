"""Reports posted at the public door of a whole system, and how far the four services have come with them."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from urllib.parse import urlsplit

import httpx

from bench.client import Answer, Client
from bench.engines import Engines
from bench.stages import TEMPLATES
from contracts.permissions import SERVICES
from stack.processes import StackError, print_stderr
from stack.scenario import generate

PATH = "/v1/reports"
PATIENCE = 180.0
CREATED = 201


class Load:
    """Generated reports with a contact, sent to one system."""

    def __init__(self, engines: Engines, seed: int) -> None:
        """Sends to the system of these engines; the same seed gives the same reports."""
        self.engines = engines
        self._seed, self._taken = seed, 0
        self.accepted = 0

    @property
    def client(self) -> Client:
        """A client of intake."""
        url = urlsplit(self.engines.system.url("intake"))
        return Client(str(url.hostname), int(url.port or 0))

    async def bodies(self, count: int) -> list[bytes]:
        """So many reports that were not taken before."""
        async with httpx.AsyncClient(base_url=self.engines.system.url("intake")) as client:
            registers = [(await client.get(f"/v1/{name}")).json()[name] for name in ("categories", "places")]
        self._taken += 1
        seed, size = self._seed + self._taken, int(count * 1.1) + 20
        day = generate(seed, registers[0], registers[1], datetime.now(UTC), size)  # noqa: TID251
        bodies = [report.body for report in day.reports if "contact" in report.body][:count]
        return [json.dumps({k: v for k, v in body.items() if k != "report_id"}).encode() for body in bodies]

    async def open_loop(self, bodies: Sequence[bytes], rate: float) -> list[Answer]:
        """Send these reports at a constant rate."""
        return self._counted(await self.client.open_loop(PATH, bodies, rate))

    async def closed_loop(self, bodies: Sequence[bytes]) -> list[Answer]:
        """Send these reports as fast as they are answered."""
        return self._counted(await self.client.closed_loop(PATH, bodies))

    def _counted(self, answers: list[Answer]) -> list[Answer]:
        statuses = Counter(row.status for row in answers)
        if set(statuses) != {CREATED}:
            print_stderr(f"answers by status: {dict(statuses)}")
        self.accepted += statuses[CREATED]
        return answers

    async def wait_until_handled(self, handed_over: bool = True) -> dict[str, float]:
        """Wait until all four services have handled every accepted report; return when each of them had.

        For notify that is when the letter is handed over, or, without `handed_over`, when it is decided and its job is queued.
        """
        done: dict[str, float] = {}
        end = time.time() + PATIENCE
        while len(done) < len(SERVICES):
            finished = await asyncio.to_thread(self.finished, handed_over)
            done |= {
                name: time.time() for name in finished if name not in done and finished[name] >= self.accepted
            }
            if time.time() > end:
                raise StackError(
                    f"After {PATIENCE:.0f} s, of {self.accepted} accepted reports these are handled: {finished}."
                )
            await asyncio.sleep(0.1)
        return done

    def finished(self, handed_over: bool) -> dict[str, int]:
        """How many reports each service has handled."""
        client = self.engines.client
        fences = client["subsidies"]["fences"].find({"topic": "intake.reports"}, {"next": 1})
        filter_: dict[str, object] = {"state.template": {"$in": list(TEMPLATES)}}
        filter_ |= {"state.status": {"$ne": "pending"}} if handed_over else {}
        return {
            "intake": client["intake"]["reports"].estimated_document_count(),
            "routing": client["routing"]["cases"].estimated_document_count(),
            "subsidies": sum(int(row["next"]) for row in fences),
            "notify": client["notify"]["messages"].count_documents(filter_),
        }

    def posted(self) -> dict[str, float]:
        """When the mail server received the first letter about each report's case."""
        found: dict[str, float] = {}
        for path in sorted(self.engines.system.mails.glob("*.eml")):
            with path.open("rb") as file:
                headers = BytesHeaderParser().parse(file)
            if headers["X-Ascolto-Template"] in TEMPLATES:
                found.setdefault(str(headers["X-Ascolto-Report"]), int(path.name.partition("-")[0]) / 1e9)
        return found


def until(answers: Sequence[Answer], times: Mapping[str, float]) -> tuple[float, ...]:
    """Milliseconds from when each accepted report was due until its time, for those that have one."""
    due = {row.body["report_id"]: row.due for row in answers if row.status == CREATED}
    return tuple(1000 * (times[one] - due[one]) for one in due if one in times)


def until_answered(answers: Sequence[Answer]) -> tuple[float, ...]:
    """Milliseconds from when each accepted report was due until it was answered."""
    return tuple(1000 * (row.answered - row.due) for row in answers if row.status == CREATED)
