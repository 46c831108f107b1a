"""Requests generated from the OpenAPI documents, valid and invalid, for all services on in-memory stores."""

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
from tests.fuzz.existing import ExistingData
from tests.fuzz.known import existing_data
from tests.fuzz.undocumented import UndocumentedRequests
from tests.http.services import SERVICES, Furnished, furnished
from tests.http.test_routes import context_of

HERE = "http://ascolto.example"
ReportProgress = Callable[[int], None]


@dataclass
class RequestResults:
    """The results of a run: statuses by endpoint in `operations`, statuses of undocumented requests in `strange`."""

    asked: int = 0
    operations: dict[str, Counter[int]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    strange: Counter[int] = field(default_factory=Counter)

    @property
    def statuses(self) -> Counter[int]:
        """How often each status was answered."""
        return sum(self.operations.values(), Counter[int]())

    def answered(self, endpoint: str, status: int) -> None:
        """Count an answer of an endpoint."""
        self.operations.setdefault(endpoint, Counter())[status] += 1

    def never_2xx(self) -> list[str]:
        """The endpoints that never answered 2xx."""
        return sorted(
            endpoint
            for endpoint, seen in self.operations.items()
            if not any(200 <= one < 300 for one in seen)
        )


class RequestFuzzer:
    """Generates requests for one service."""

    def __init__(
        self,
        runner: asyncio.Runner,
        name: str,
        service: Furnished,
        known: ExistingData,
        answers: RequestResults,
    ) -> None:
        self._runner, self._name, self._known, self._results = runner, name, known, answers
        self._schema = schemathesis.openapi.from_dict(service.app.openapi())
        # The application is expected not to raise; a server would answer 500.
        self._transport = httpx.ASGITransport(service.app, raise_app_exceptions=True)
        self._roles = {endpoint: lock.roles[0] for endpoint, lock in context_of(service.app).items()}
        self._rng = random.Random(name)

    def operations(self) -> Iterator[Any]:
        """The operations of the OpenAPI document."""
        results: Any = self._schema.get_all_operations()
        for result in results:
            yield result.ok()

    def ask(self, operation: Any, count: int, number: int) -> None:
        """Send requests to one operation: half of them valid, half invalid, and with existing data where there is some."""
        ways = (False, True) if self._known.has_data(_endpoint(operation)) else (False,)
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
                case.body = self._known.sound(_endpoint(operation), case.body, self._rng)
            self._runner.run(self._send(case, known))

        with suppress(Unsatisfiable):  # an operation without parameters and body has no invalid requests
            each()

    async def _send(self, case: Case[Any], known: bool) -> None:
        endpoint = _endpoint(case)
        request = self._request(case, self._roles.get(endpoint, "public"))
        if request is None:
            return
        if known:
            await self._known.restore(endpoint)
        self._results.asked += 1
        try:
            status = (await self._transport.handle_async_request(request)).status_code
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            status = 599
            self._results.errors.append(f"{type(error).__name__}: {error} for {endpoint}")
        self._results.answered(f"{self._name} {endpoint}", status)
        if status >= 500 and status != 599:
            self._results.errors.append(f"{status}: {case.as_curl_command()}")

    def _request(self, case: Case[Any], role: str) -> httpx.Request | None:
        """The HTTP request; None when no client could send it."""
        try:
            prepared: Any = requests.Request(**case.as_transport_kwargs(base_url=HERE)).prepare()
            headers = dict(prepared.headers) | self._known.always
            if role != "public":
                headers["Authorization"] = f"Bearer {role}"
            return httpx.Request(prepared.method, prepared.url, headers=headers, content=prepared.body or b"")
        except (ValueError, httpx.InvalidURL, UnicodeError):
            return None


def _endpoint(asked: Any) -> str:
    """The method and path of an operation or a case, as in the document."""
    return f"{asked.method.upper()} {asked.path}"


def ask(count: int, number: int, report_progress: ReportProgress = lambda _: None) -> RequestResults:
    """Send about `count` requests to all services; `report_progress` is called with the number sent so far."""
    answers = RequestResults()
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        stack = AsyncExitStack()
        made = {
            name: runner.run(stack.enter_async_context(furnished(name, Path(folder)))) for name in SERVICES
        }
        questions = [
            RequestFuzzer(runner, name, service, runner.run(existing_data(name, service)), answers)
            for name, service in made.items()
        ]
        pairs = [(one, operation) for one in questions for operation in one.operations()]
        while answers.asked < count:
            share = min(200, max(4, (count - answers.asked) // len(pairs) + 1))
            for one, operation in pairs:
                one.ask(operation, share, number)
                report_progress(answers.asked)
            number += 1
        for name, service in made.items():
            runner.run(
                _send_undocumented(UndocumentedRequests(name, service), max(1, count // 20), number, answers)
            )
            report_progress(answers.asked)
        runner.run(stack.aclose())
    return answers


async def _send_undocumented(
    undocumented: UndocumentedRequests, count: int, number: int, answers: RequestResults
) -> None:
    """Send undocumented requests; none may raise, answer 5xx or create a metric label of its own."""
    for one in range(number * 1_000_000, number * 1_000_000 + count):
        answers.asked += 1
        try:
            status = await undocumented.send(one)
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            answers.errors.append(
                f"{type(error).__name__}: {error} for undocumented request {one} to {undocumented.name}"
            )
            continue
        answers.strange[status] += 1
        if status >= 500 and status != 503:  # a login answers 503 without an issuer
            answers.errors.append(f"{status}: undocumented request {one} to {undocumented.name}")
    answers.errors += [
        f"open label after undocumented requests to {undocumented.name}: {one}"
        for one in undocumented.open_labels()
    ]
