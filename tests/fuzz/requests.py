"""Requests made from the published OpenAPI documents, valid and not, at the doors of all services over memory."""

import asyncio
import random
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
from tests.fuzz.known import Known, known_of
from tests.fuzz.strangers import Strangers
from tests.http.services import SERVICES, Furnished, furnished
from tests.http.test_routes import context_of

HERE = "http://ascolto.example"
Tell = Callable[[int], None]


@dataclass
class Asking:
    """What a run asked and how it was answered; `operations` has the statuses of each door, `strange` those of requests that no document describes."""

    asked: int = 0
    operations: dict[str, Counter[int]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    strange: Counter[int] = field(default_factory=Counter)

    @property
    def statuses(self) -> Counter[int]:
        """How often each status was answered."""
        return sum(self.operations.values(), Counter[int]())

    def answered(self, door: str, status: int) -> None:
        """One answer at a door."""
        self.operations.setdefault(door, Counter())[status] += 1

    def never_well(self) -> list[str]:
        """The doors that never said 2xx."""
        return sorted(
            door for door, seen in self.operations.items() if not any(200 <= one < 300 for one in seen)
        )


class Questions:
    """The questions for one service."""

    def __init__(
        self, runner: asyncio.Runner, name: str, service: Furnished, known: Known, http_client: Asking
    ) -> None:
        self._runner, self._name, self._known, self._asking = runner, name, known, http_client
        self._schema = schemathesis.openapi.from_dict(service.app.openapi())
        # An application of somebody else's making may raise; a server answers.
        self._transport = httpx.ASGITransport(service.app, raise_app_exceptions=True)
        self._roles = {door: lock.roles[0] for door, lock in context_of(service.app).items()}
        self._rng = random.Random(name)

    def operations(self) -> Iterator[Any]:
        """The operations of the document."""
        results: Any = self._schema.get_all_operations()
        for result in results:
            yield result.ok()

    def ask(self, operation: Any, count: int, number: int) -> None:
        """Ask one operation so often: half of it as documented, half of it not, and about what is there when that can be."""
        ways = (False, True) if self._known.helps(_door(operation)) else (False,)
        self._rng.seed(number)
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            for known in ways:
                self._run(operation, mode, known, max(1, count // (2 * len(ways))), number)

    def _run(self, operation: Any, mode: GenerationMode, known: bool, count: int, number: int) -> None:
        paths = self._known.of(operation.path) if known else {}
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
            if known:
                case.headers.update(self._known.headers)
                case.body = self._known.sound(_door(operation), case.body, self._rng)
            self._runner.run(self._send(case, known))

        with suppress(Unsatisfiable):  # nothing can be wrong with what has neither parameters nor a body
            each()

    async def _send(self, case: Case[Any], known: bool) -> None:
        door = _door(case)
        request = self._request(case, self._roles.get(door, "public"))
        if request is None:
            return
        if known:
            await self._known.ready(door)
        self._asking.asked += 1
        try:
            status = (await self._transport.handle_async_request(request)).status_code
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            status = 599
            self._asking.errors.append(f"{type(error).__name__}: {error} for {door}")
        self._asking.answered(f"{self._name} {door}", status)
        if status >= 500 and status != 599:
            self._asking.errors.append(f"{status}: {case.as_curl_command()}")

    def _request(self, case: Case[Any], role: str) -> httpx.Request | None:
        """What goes over the wire; None for what no client would send."""
        try:
            said: Any = requests.Request(**case.as_transport_kwargs(base_url=HERE)).prepare()
            headers = dict(said.headers)
            if role != "public":
                headers["Authorization"] = f"Bearer {role}"
            return httpx.Request(said.method, said.url, headers=headers, content=said.body or b"")
        except (ValueError, httpx.InvalidURL, UnicodeError):
            return None


def _door(asked: Any) -> str:
    """The method and path of an operation or a case, as the document has them."""
    return f"{asked.method.upper()} {asked.path}"


def ask(count: int, number: int, tell: Tell = lambda _: None) -> Asking:
    """Asks about so many questions of all services together; `tell` hears how many were asked."""
    http_client = Asking()
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        stack = AsyncExitStack()
        made = {
            name: runner.run(stack.enter_async_context(furnished(name, Path(folder)))) for name in SERVICES
        }
        questions = [
            Questions(runner, name, service, runner.run(known_of(name, service)), http_client)
            for name, service in made.items()
        ]
        pairs = [(one, operation) for one in questions for operation in one.operations()]
        while http_client.asked < count:
            share = min(200, max(4, (count - http_client.asked) // len(pairs) + 1))
            for one, operation in pairs:
                one.ask(operation, share, number)
                tell(http_client.asked)
            number += 1
        for name, service in made.items():
            runner.run(_throw(Strangers(name, service), max(1, count // 20), number, http_client))
            tell(http_client.asked)
        runner.run(stack.aclose())
    return http_client


async def _throw(strangers: Strangers, count: int, number: int, http_client: Asking) -> None:
    """Throw so many requests that no document describes; none may break anything or leave a label of its own."""
    for one in range(number * 1_000_000, number * 1_000_000 + count):
        http_client.asked += 1
        try:
            status = await strangers.throw(one)
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            http_client.errors.append(
                f"{type(error).__name__}: {error} for stranger {one} at {strangers.name}"
            )
            continue
        http_client.strange[status] += 1
        if status >= 500 and status != 503:  # a login answers 503: there is no issuer
            http_client.errors.append(f"{status}: stranger {one} at {strangers.name}")
    http_client.errors += [
        f"label of a stranger at {strangers.name}: {one}" for one in strangers.open_labels()
    ]
