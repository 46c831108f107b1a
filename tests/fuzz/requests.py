"""Requests made from the published OpenAPI documents, valid and not, at the doors of all services over memory."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from tests.doors.services import NOW, SERVICES, Furnished, furnished
from tests.doors.test_routes import doors_of

from chassis.ids import derive
from chassis.inputs import Input, Lineage
from contracts.intake import ReportRegistered

HERE = "http://ascolto.example"
REPORT = "0190a000-0000-7000-8000-000000000001"
KNOWN = {"routing": "cases", "subsidies": "applications"}
Tell = Callable[[int], None]


@dataclass
class Asking:
    """What a run asked and how it was answered."""

    asked: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)


async def _hear(service: Furnished, kind: str) -> None:
    fact = ReportRegistered(
        report_id=REPORT,
        category="contributo",
        kind=kind,
        urgency="a",
        place_id="bg-monterosso",
        neighbourhood="monterosso",
        province="bergamo",
        channel="web",
        language="it",
        heard_at=NOW,
    )
    item = Input(derive(kind, "heard"), fact, NOW, REPORT, Lineage(REPORT))
    await service.process.turns.run(await service.store.lane(), [item])


async def _known_ids(name: str, service: Furnished) -> dict[str, str]:
    """Something that is there, for the paths that name a thing."""
    if name not in KNOWN:
        return {}
    await _hear(service, "contribution")
    [row] = await service.store.query(KNOWN[name], {})
    return {"report_id": row["_id"], "application_id": row["_id"]}


class Questions:
    """The questions for one service."""

    def __init__(
        self, runner: asyncio.Runner, service: Furnished, known: dict[str, str], asking: Asking
    ) -> None:
        self._runner, self._asking, self._known = runner, asking, known
        self._schema = schemathesis.openapi.from_dict(service.app.openapi())
        # An application of somebody else's making may raise; a server answers.
        transport = httpx.ASGITransport(service.app, raise_app_exceptions=True)
        self._client = httpx.AsyncClient(transport=transport, base_url=HERE)
        self._roles = {door: lock.roles[0] for door, lock in doors_of(service.app).items()}

    def operations(self) -> Iterator[Any]:
        """The operations of the document."""
        results: Any = self._schema.get_all_operations()
        for result in results:
            yield result.ok()

    def ask(self, operation: Any, count: int, number: int) -> None:
        """Ask one operation so often: half of it as documented, half of it not, and about what is there when that can be."""
        known = {name: value for name, value in self._known.items() if f"{{{name}}}" in operation.path}
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            for paths in ({}, known) if known else ({},):
                share = max(1, count // (4 if known else 2))
                self._run(operation, mode, paths, share, number)

    def _run(
        self, operation: Any, mode: GenerationMode, paths: dict[str, str], count: int, number: int
    ) -> None:
        strategy = operation.as_strategy(generation_mode=mode, path_parameters=paths or None)

        @seed(number)
        @settings(
            max_examples=count,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=strategy)
        def each(case: Case[Any]) -> None:
            self._runner.run(self._send(case))

        with suppress(Unsatisfiable):  # nothing can be wrong with what has neither parameters nor a body
            each()

    async def _send(self, case: Case[Any]) -> None:
        role = self._roles.get(f"{case.method.upper()} {case.path}", "public")
        try:
            said: Any = requests.Request(**case.as_transport_kwargs(base_url=HERE)).prepare()
            body = said.body or b""
            request = self._client.build_request(
                said.method, said.url, headers=dict(said.headers), content=body
            )
        except (ValueError, httpx.InvalidURL, UnicodeError):
            return  # no client would send it
        if role != "public":
            request.headers["Authorization"] = f"Bearer {role}"
        self._asking.asked += 1
        try:
            status = (await self._client.send(request)).status_code
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            status = 599
            self._asking.errors.append(f"{type(error).__name__}: {error} for {case.method} {case.path}")
        self._asking.statuses[status] += 1
        if status >= 500 and status != 599:
            self._asking.errors.append(f"{status}: {case.as_curl_command()}")


def ask(count: int, number: int, tell: Tell = lambda _: None) -> Asking:
    """Asks about so many questions of all services together; `tell` hears how many were asked."""
    asking = Asking()
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        stack = AsyncExitStack()
        made = {
            name: runner.run(stack.enter_async_context(furnished(name, Path(folder)))) for name in SERVICES
        }
        questions = [
            Questions(runner, service, runner.run(_known_ids(name, service)), asking)
            for name, service in made.items()
        ]
        pairs = [(one, operation) for one in questions for operation in one.operations()]
        while asking.asked < count:
            share = min(200, max(4, (count - asking.asked) // len(pairs) + 1))
            for one, operation in pairs:
                one.ask(operation, share, number)
                tell(asking.asked)
            number += 1
        runner.run(stack.aclose())
    return asking
