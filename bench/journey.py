"""The whole system: reports are posted at scheduled times, and their letters are timed at the mail server."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.parser import BytesHeaderParser
from itertools import islice
from urllib.parse import urlsplit

import httpx

from bench import breakdown
from bench.client import Answer, Client
from bench.costs import TAIL_SECONDS, Meter, idle
from bench.engines import Engines
from bench.figures import Figures, Latency
from bench.sizes import Sizes
from bench.stages import TEMPLATES, commit_times
from contracts.permissions import SERVICES
from stack.processes import StackError, print_stderr
from stack.scenario import generate

PATH = "/v1/reports"
PATIENCE = 180.0
LETTERS_SECONDS = 20.0
QUIET, STEADY, END_TO_END, ACCEPT = "end-to-end-quiet", "end-to-end-steady", "end-to-end", "accept"
SUSTAINED = "sustained"
WARM = 200
SETTLE_SECONDS = 2.0
RATES = {QUIET: 5.0, STEADY: 20.0, END_TO_END: 100.0, ACCEPT: 200.0}  # reports per second


@dataclass
class Journey:
    """One system with its four services."""

    engines: Engines
    figures: Figures
    sizes: Sizes
    breakdown: bool = False
    taken: int = 0

    async def measure(self, parts: Collection[str]) -> None:
        """Measure what a report costs at 5/s and 20/s, and, as the part `journey`, also times and the maximum throughput."""
        url = urlsplit(self.engines.system.url("intake"))
        client = Client(str(url.hostname), int(url.port or 0))
        rates = RATES if "journey" in parts else {name: RATES[name] for name in (QUIET, STEADY)}
        most = self.sizes.most if "journey" in parts else 0
        counted = [*rates.values(), *([RATES[QUIET]] if self.breakdown else [])]
        bodies = iter(await self._bodies(WARM + sum(map(self._count, counted)) + most))
        await self._wait_until_handled(await client.open_loop(PATH, list(islice(bodies, WARM)), 100.0))
        await asyncio.sleep(SETTLE_SECONDS)
        print_stderr("idle …")
        self.figures.costs.append(await idle(self.engines))
        if self.breakdown:
            await self._break_down(client, list(islice(bodies, self._count(RATES[QUIET]))))
        for name, rate in rates.items():
            await self._at(client, list(islice(bodies, self._count(rate))), name, rate)
        if most:
            print_stderr(f"{most} reports at maximum throughput …")
            await self._sustained(client, list(bodies))

    async def _break_down(self, client: Client, bodies: Sequence[bytes]) -> None:
        with breakdown.profiled(self.engines) as found:
            await self._wait_until_handled(await client.open_loop(PATH, bodies, RATES[QUIET]))
            await asyncio.sleep(TAIL_SECONDS)
        print("\n".join(breakdown.lines(found, len(bodies))), flush=True)

    def _count(self, rate: float) -> int:
        return int(rate * self.sizes.seconds)

    async def _at(self, client: Client, bodies: Sequence[bytes], name: str, rate: float) -> None:
        print_stderr(f"{name} at {rate:.0f} reports/s …")
        since, meter = self.engines.now(), Meter(self.engines)
        answers = await client.open_loop(PATH, bodies, rate)
        await self._wait_until_handled(answers)
        await asyncio.sleep(TAIL_SECONDS)
        self.figures.costs.append(meter.stop(name, len(answers)))
        if name == ACCEPT:
            took = tuple(1000 * (row.answered - row.due) for row in answers if row.status == 201)
            self._note(name, answers, took)
            return
        for stage, times in commit_times(self.engines, since).items():
            self._note(f"{name}/{stage}", answers, self._until(answers, times))
        self._note(name, answers, self._until(answers, self._posted()))

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
        meter, began = Meter(self.engines), time.time()
        answers = await client.closed_loop(PATH, bodies)
        accepted = time.time() - began
        done = await self._wait_until_handled(answers, handed_over=False)
        count = sum(1 for row in answers if row.status == 201)
        found = {"accepted": count / accepted, "through all": count / (max(done.values()) - began)}
        found |= {f"through {name}": count / (when - began) for name, when in done.items()}
        self.figures.costs.append(meter.stop(SUSTAINED, count))
        found["letters handed over"] = await self._letters()
        self.figures.sustained |= found

    async def _letters(self) -> float:
        """Letters handed over per second while many are queued."""
        before, began = self._finished(handed_over=True)["notify"], time.time()
        await asyncio.sleep(LETTERS_SECONDS)
        return (self._finished(handed_over=True)["notify"] - before) / (time.time() - began)
