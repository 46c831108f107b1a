"""The whole system: reports are posted at scheduled times, and their letters are timed at the mail server."""

import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from itertools import islice
from urllib.parse import urlsplit

import httpx

from bench.client import Answer, Client
from bench.engines import Engines, cpu_seconds
from bench.figures import Figures, Latency
from bench.sizes import Sizes
from bench.stages import TEMPLATES, commit_times
from contracts.permissions import SERVICES
from stack.processes import StackError, print_stderr
from stack.scenario import generate

PATH = "/v1/reports"
PATIENCE = 180.0
LETTERS_SECONDS = 20.0
QUIET, END_TO_END, ACCEPT = "end-to-end-quiet", "end-to-end", "accept"
WARM = 200
COST = "cpu-s per 1000"
RATES = {QUIET: 5.0, END_TO_END: 100.0, ACCEPT: 200.0}  # reports per second


@dataclass
class Journey:
    """One system with its four services."""

    engines: Engines
    figures: Figures
    sizes: Sizes
    taken: int = 0

    async def measure(self) -> None:
        """Time reports end to end at 5/s and 100/s and acceptance at 200/s, then measure the maximum throughput."""
        url = urlsplit(self.engines.system.url("intake"))
        client = Client(str(url.hostname), int(url.port or 0))
        counts = {name: int(rate * self.sizes.seconds) for name, rate in RATES.items()}
        bodies = iter(await self._bodies(WARM + sum(counts.values()) + self.sizes.most))
        await self._wait_until_handled(await client.open_loop(PATH, list(islice(bodies, WARM)), 100.0))
        for name, rate in RATES.items():
            print_stderr(f"{name} at {rate:.0f} reports/s …")
            since, before = self.engines.now(), self._cpu()
            answers = await client.open_loop(PATH, list(islice(bodies, counts[name])), rate)
            await self._wait_until_handled(answers)
            self._charge(before, len(answers), f" at {rate:.0f}/s")
            if name == ACCEPT:
                self._note(
                    name,
                    answers,
                    tuple(1000 * (row.answered - row.due) for row in answers if row.status == 201),
                )
                continue
            for stage, times in commit_times(self.engines, since).items():
                self._note(f"{name}/{stage}", answers, self._until(answers, times))
            self._note(name, answers, self._until(answers, self._posted()))
        print_stderr(f"{self.sizes.most} reports at maximum throughput …")
        await self._sustained(client, list(bodies))

    async def _bodies(self, count: int) -> list[bytes]:
        async with httpx.AsyncClient(base_url=self.engines.system.url("intake")) as client:
            registers = [(await client.get(f"/v1/{name}")).json()[name] for name in ("categories", "places")]
        day = generate(self.figures.seed, registers[0], registers[1], datetime.now(UTC), int(count * 1.1))  # noqa: TID251
        bodies = [report.body for report in day.reports if "contact" in report.body][:count]
        return [json.dumps({k: v for k, v in body.items() if k != "report_id"}).encode() for body in bodies]

    def _note(self, name: str, answers: Sequence[Answer], ends: tuple[float, ...]) -> None:
        rate = RATES[name.partition("/")[0]]
        self.figures.latencies.append(Latency(name, rate, ends, len(answers) - len(ends)))

    def _until(self, answers: Sequence[Answer], times: Mapping[str, float]) -> tuple[float, ...]:
        due = {row.body["report_id"]: row.due for row in answers if row.status == 201}
        return tuple(1000 * (times[one] - due[one]) for one in due if one in times)

    def _posted(self) -> dict[str, float]:
        """When the mail server received the first letter about each report's case."""
        found: dict[str, float] = {}
        for path in sorted(self.engines.system.mails.glob("*.eml")):
            with path.open("rb") as file:
                headers = BytesHeaderParser().parse(file)
            if headers["X-Ascolto-Template"] in TEMPLATES:
                found.setdefault(str(headers["X-Ascolto-Report"]), int(path.name.partition("-")[0]) / 1e9)
        return found

    async def _wait_until_handled(
        self, answers: Sequence[Answer], handed_over: bool = True
    ) -> dict[str, float]:
        """Wait until all four services have handled every accepted report; return when each of them had.

        For notify that is when the letter is handed over, or, without `handed_over`, when it is decided and its job is queued.
        """
        statuses = Counter(row.status for row in answers)
        if set(statuses) != {201}:
            print_stderr(f"answers by status: {dict(statuses)}")
        self.taken += statuses[201]
        done: dict[str, float] = {}
        end = time.time() + PATIENCE
        while len(done) < len(SERVICES):
            finished = await asyncio.to_thread(self._finished, handed_over)
            done |= {
                name: time.time() for name in finished if name not in done and finished[name] >= self.taken
            }
            if time.time() > end:
                raise StackError(
                    f"After {PATIENCE:.0f} s, of {self.taken} accepted reports these are handled: {finished}."
                )
            await asyncio.sleep(0.1)
        return done

    def _finished(self, handed_over: bool) -> dict[str, int]:
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

    async def _sustained(self, client: Client, bodies: Sequence[bytes]) -> None:
        before, began = self._cpu(), time.time()
        answers = await client.closed_loop(PATH, bodies)
        accepted = time.time() - began
        done = await self._wait_until_handled(answers, handed_over=False)
        count = sum(1 for row in answers if row.status == 201)
        found = {"accepted": count / accepted, "through all": count / (max(done.values()) - began)}
        found |= {f"through {name}": count / (when - began) for name, when in done.items()}
        self._charge(before, count)
        found["letters handed over"] = await self._letters()
        self.figures.sustained |= found

    def _charge(self, before: Mapping[str, float], count: int, rate: str = "") -> None:
        """Record each process's processor time per thousand reports."""
        for name, seconds in self._cpu().items():
            self.figures.sustained[f"{COST}{rate}, {name}"] = 1000 * (seconds - before[name]) / count

    async def _letters(self) -> float:
        """Letters handed over per second while many are queued."""
        before, began = self._finished(handed_over=True)["notify"], time.time()
        await asyncio.sleep(LETTERS_SECONDS)
        return (self._finished(handed_over=True)["notify"] - before) / (time.time() - began)

    def _cpu(self) -> dict[str, float]:
        system = self.engines.system
        pids = {name: system.service(name).pid() for name in SERVICES}
        pids |= {"mongod": system.mongod.child.pid(), "kafka": system.kafka.child.pid()}
        pids |= {"mailbox": system.mailbox.pid(), "client": os.getpid()}
        return {name: cpu_seconds(pid) for name, pid in pids.items()}
