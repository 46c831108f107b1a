"""The verb `demo`: it runs a generated scenario on real engines and verifies the result with an independent account."""

import argparse
import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from contracts.permissions import SERVICES
from stack.account import Account, Violation, build_account, unfinished
from stack.account_sources import Sources
from stack.account_world import LoggedRequest
from stack.play import AT_ONCE, Log, Player, PublicApis, read_log
from stack.processes import StackError
from stack.scenario import DEFAULT_SIZE, generate
from stack.scenario_world import Scenario
from stack.state_folder import DEFAULT_STATE
from stack.system import System
from stack.verbs import print_supervisor_failure

IDLE_SECONDS = 60.0
MOST_SHOWN = 50
T = TypeVar("T")


def demo(words: Sequence[str]) -> int:
    """Starts what does not run, runs one scenario, waits for its completion and prints the account; 1 for a violation."""
    args = _parse(words)
    seed = secrets.randbelow(10**6) if args.seed is None else args.seed
    console = Console()
    console.print(f"seed {seed} (repeat with: make demo SEED={seed})", highlight=False)
    system = System(args.state)
    start = time.monotonic()
    console.print("starting engines and services …")
    system.start(supervised=True)
    console.print(f"ready after {time.monotonic() - start:.1f} s", highlight=False)
    began = datetime.now(UTC)
    path = system.root / "demo" / f"{seed}-{began:%Y%m%dT%H%M%S}" / "client.jsonl"
    console.print("sending the requests of the scenario, then waiting until all work is done …")
    with _progress(console) as progress:
        scenario = asyncio.run(_play(system, seed, args.reports, began, path, progress))
        log = read_log(path)
        sources = Sources(system.mongod.admin, system.kafka.admin, system.mails, began.timestamp())
        complete = _wait(sources, log, progress)
    console.print("verifying the client log, the databases, the topics and the mailbox against each other …")
    account = build_account(sources.read_all(log))
    return _report(console, system, account, scenario, path, complete)


def _parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m stack demo")
    parser.add_argument("--seed", type=int, help="seed of the scenario; default: random")
    parser.add_argument("--reports", type=int, default=DEFAULT_SIZE, help="number of valid reports")
    parser.add_argument("--state", type=Path, default=DEFAULT_STATE, help="the state folder")
    return parser.parse_args(words)


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console)


async def _play(
    system: System, seed: int, size: int, began: datetime, path: Path, progress: Progress
) -> Scenario:
    tasks: dict[str, TaskID] = {}

    def plan(scenario: Scenario) -> None:
        work = sum(1 for report in scenario.reports if report.data or report.number in scenario.resolved)
        total = sum(map(len, (scenario.reports, scenario.invalid, scenario.talks, scenario.phones)))
        tasks["reports"] = progress.add_task("requests of tenants", total=total)
        tasks["work"] = progress.add_task("requests of staff", total=work)

    return await play_day(system, seed, size, began, path, lambda stage: progress.advance(tasks[stage]), plan)


async def play_day(
    system: System,
    seed: int,
    size: int,
    began: datetime,
    path: Path,
    advance: Callable[[str], None],
    plan: Callable[[Scenario], None] = lambda _scenario: None,
) -> Scenario:
    """Sends the requests of one scenario to a running system; `plan` is called with it before its first request."""
    intake = system.url("intake")
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    log = Log(path)
    async with httpx.AsyncClient(limits=limits, timeout=15) as client:
        registers = [
            await _register(client, f"{intake}/v1/{name}", name) for name in ("categories", "places")
        ]
        scenario = generate(seed, registers[0], registers[1], began, size)
        plan(scenario)
        urls = (intake, system.url("routing"), system.url("subsidies"))
        apis = PublicApis(*urls, system.dev_tokens(), system.public_url)
        try:
            await Player(client, apis, log, advance).play(scenario)
        finally:
            log.close()
    return scenario


async def _register(client: httpx.AsyncClient, url: str, name: str) -> list[dict[str, object]]:
    try:
        response = await client.get(url)
        found: list[dict[str, object]] = response.raise_for_status().json()[name]
    except (httpx.HTTPError, KeyError, ValueError) as error:
        raise StackError(
            f"{url} does not answer with {name} ({type(error).__name__}): see `make status`."
        ) from error
    return found


def _wait(sources: Sources, log: Sequence[LoggedRequest], progress: Progress) -> bool:
    """Polls the databases until no work is outstanding; returns False after IDLE_SECONDS without progress."""
    left = most = unfinished(sources.read_stores(log))
    task = progress.add_task("outstanding work", total=max(1, most))
    end = time.monotonic() + IDLE_SECONDS
    while left and time.monotonic() < end:
        time.sleep(0.5)
        before, left = left, unfinished(sources.read_stores(log))
        most = max(most, left)
        progress.update(task, total=max(1, most), completed=most - left)
        if left != before:
            end = time.monotonic() + IDLE_SECONDS
    progress.update(task, completed=max(1, most) - left)
    return left == 0


def _report(
    console: Console, system: System, account: Account, scenario: Scenario, path: Path, complete: bool
) -> int:
    console.print(_table(account, scenario))
    _print_addresses(console, system, path)
    print_supervisor_failure(system)
    if not complete:
        console.print(f"[red]work is outstanding and made no progress for {IDLE_SECONDS:.0f} s[/red]")
    if account.violations:
        console.print(f"[bold red]{len(account.violations)} violations[/bold red]")
        for violation in _worst_first(account.violations)[:MOST_SHOWN]:
            name = violation.report_id or "scenario"
            console.print(f" {name}: {violation.text}", markup=False, highlight=False, soft_wrap=True)
    print(account.last_line, flush=True)
    return 1 if account.violations else 0


def _worst_first(violations: Iterable[Violation]) -> list[Violation]:
    return sorted(violations, key=lambda one: one.report_id != "")


def _table(account: Account, scenario: Scenario) -> Table:
    title = f"Scenario with seed {scenario.seed}"
    table = Table("item", "count", "details", title=title, show_lines=True)
    for name, number, details in _rows(account):
        table.add_row(name, str(number), "\n".join(details))
    return table


def _rows(account: Account) -> Iterator[tuple[str, int, list[str]]]:
    sent = [f"sent twice, accepted once {account.again}", f"about the problem of another {account.joined}"]
    yield "accepted reports", account.accepted, sent
    yield (
        "refused requests",
        account.refused.total(),
        [f"{slug} {n}" for slug, n in _by_size(account.refused)],
    )
    yield "talks of operators", account.talks, ["each with its reports, in its document and on its topic"]
    offline = ["each sent twice and there once, heard when the phone says by our clock"]
    yield (
        "reports of phones without a network",
        account.offline,
        [*offline, f"completed by the desk {account.completed}"],
    )
    yield "photos of reports", account.photos, ["each sent photo once"]
    cases = [f"{' '.join(filter(None, who))} {n}" for who, n in _by_size(account.cases)]
    yield "cases by office and operator", account.cases.total(), cases
    decisions = [f"{outcome} {n}" for outcome, n in _by_size(account.decisions)]
    granted = f"granted in this scenario {account.granted_cents / 100:,.2f} €"
    yield "decisions", account.decisions.total(), [*decisions, granted]
    yield "budgets", len(account.budgets), [_money_left(state) for state in account.budgets]
    messages = [f"{template} {status} {n}" for (template, status), n in _by_size(account.messages)]
    yield "messages in the mailbox", account.mails, messages
    ignored = ["events sent twice under one id; consumers ignore the second"] if account.copies else []
    yield "duplicate events on topics", account.copies, ignored
    times = [
        f"{one.name}: p50 {one.p50:.3f} s, p99 {one.p99:.3f} s, max {one.most:.3f} s"
        for one in account.stages
    ]
    yield "latencies, slowest first", len(times), times
    yield "reports with a violation", account.unaccounted, []


def _money_left(state: Mapping[str, Any]) -> str:
    left, allocated = state["available_cents"] / 100, state["allocated_cents"] / 100
    return f"{state['code']}: {left:,.2f} € available of {allocated:,.2f} €"


def _by_size(counts: Counter[T]) -> list[tuple[T, int]]:
    return sorted(counts.items(), key=lambda row: (-row[1], str(row[0])))


def _print_addresses(console: Console, system: System, path: Path) -> None:
    url = system.public_url
    lines = [
        f"everything         {url}",
        f"new report         {url}/segnala",
        f"report status      {url}/stato",
        f"staff              {url}/lavoro (log in as any of the invented users)",
        *(
            f"{name:<11}health {system.url(name)}/health/ready   metrics {system.url(name)}/metrics"
            for name in SERVICES
        ),
        f"mails              {system.mails}",
        f"client log         {path}",
    ]
    for line in lines:
        console.print(line, soft_wrap=True, markup=False, highlight=False)
