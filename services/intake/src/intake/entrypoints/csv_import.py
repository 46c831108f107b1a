"""`python -m intake import FILE`: brings a list of reports in through the same door as everybody's."""

import argparse
import asyncio
import csv
import json
import ssl
import sys
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from intake.domain.imports import ImportMapping, Mapped, Rejected, map_row
from intake.entrypoints.csv_rows import Row, Unusable, count_lines, read_mapping, read_rows
from intake.entrypoints.csv_sender import IN_FLIGHT, Away, Sender, Sent

ADDRESSES = Path(".state/run/addresses.json")
MAPPING = Path("deploy/seed/intake/import-municipium.yaml")
RESULTS = Path(".state/import")
PATIENCE = 60.0
AHEAD = IN_FLIGHT * 4
POOLS = 8

_LISTS = uuid.UUID("8d0f2c84-2a35-5c0e-8a0b-6f1d3f5b9e07")


@dataclass(frozen=True)
class Ended:
    """How one row ended."""

    line: int
    row_id: str
    outcome: str
    report_id: str = ""
    reason: str = ""


def run(arguments: Sequence[str]) -> int:
    """Import a list; 0 when it was read to its end, whatever was rejected, 2 when it cannot be imported."""
    asked = _parser().parse_args(arguments)
    try:
        mapping = read_mapping(asked.mapping)
        url = asked.url or _address()
        lines = count_lines(asked.file)
        result = asked.result or RESULTS / f"{asked.file.stem}-result.csv"
        counts = asyncio.run(_import(asked.file, mapping, url, result, lines))
    except Unusable as unusable:
        sys.stderr.write(f"import: {unusable}\n")
        return 2
    sys.stdout.write(f"import: what became of each row is in {result}\n")
    sys.stdout.write(
        f"import: {counts.total()} rows, {counts['accepted']} accepted, "
        f"{counts['rejected']} rejected, {counts['known']} known\n"
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m intake import", description="Import a list of reports (CSV)."
    )
    parser.add_argument("file", type=Path, help="the list")
    parser.add_argument("--mapping", type=Path, default=MAPPING, help=f"what its columns mean ({MAPPING})")
    parser.add_argument("--url", help=f"where intake answers (as {ADDRESSES} says)")
    parser.add_argument("--result", type=Path, help=f"file for what became of each row (in {RESULTS})")
    return parser


def _address() -> str:
    """Where the local stack runs intake; raises Unusable when nobody wrote it down."""
    try:
        return str(json.loads(ADDRESSES.read_text())["intake"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unusable(
            f"where intake answers is not known ({ADDRESSES} does not say): start it with `make up`, "
            "or give its address with --url http://127.0.0.1:PORT"
        ) from error


def _door(url: str) -> httpx.URL:
    try:
        door = httpx.URL(url)
    except httpx.InvalidURL:
        door = httpx.URL()
    if door.scheme not in ("http", "https") or not door.host:
        raise Unusable(f"{url} is no address: give one like --url http://127.0.0.1:8001")
    return door


async def _import(file: Path, mapping: ImportMapping, url: str, result: Path, lines: int) -> Counter[str]:
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(client) for client in _clients(_door(url))]
        await _meet(clients, url)
        rows = read_rows(file, mapping)
        try:
            result.parent.mkdir(parents=True, exist_ok=True)
            with result.open("w", encoding="utf-8", newline="") as target, _bar() as bar:
                writer = csv.writer(target)
                writer.writerow(("line", "id", "outcome", "report_id", "reason"))
                task = bar.add_task("import", total=lines)

                def keep(ended: Ended) -> None:
                    writer.writerow((ended.line, ended.row_id, ended.outcome, ended.report_id, ended.reason))
                    bar.update(task, completed=ended.line)

                counts = await import_rows(rows, mapping, Sender(clients, PATIENCE), keep)
                bar.update(task, completed=lines)
                return counts
        except OSError as error:
            raise Unusable(
                f"{result} cannot be written ({error.strerror}): name another with --result"
            ) from error


def _clients(door: httpx.URL) -> list[httpx.AsyncClient]:
    """Several small pools: httpx walks through a whole pool at each request."""
    trusted, each = ssl.create_default_context(), IN_FLIGHT // POOLS
    limits = httpx.Limits(max_connections=each, max_keepalive_connections=each)
    return [
        httpx.AsyncClient(base_url=door, limits=limits, timeout=15, trust_env=False, verify=trusted)
        for _ in range(POOLS)
    ]


async def _meet(clients: Sequence[httpx.AsyncClient], url: str) -> None:
    try:
        ours = await Sender(clients, 10).meet()
    except Away as away:
        raise Unusable(f"nobody answers at {url}: start intake (`make up`) or correct --url") from away
    if not ours:
        raise Unusable(f"what answers at {url} is not intake: correct --url")


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))


async def import_rows(
    rows: Iterable[Row], mapping: ImportMapping, sender: Sender, keep: Callable[[Ended], None]
) -> Counter[str]:
    """Send every row that can be sent and tell `keep` how each ended, in the list's order; returns how many."""
    counts: Counter[str] = Counter()
    ahead: deque[asyncio.Task[Ended]] = deque()

    async def first() -> None:
        ended = await ahead.popleft()
        counts[ended.outcome] += 1
        keep(ended)

    for row in rows:
        ahead.append(asyncio.create_task(_one(row, mapping, sender)))
        if len(ahead) >= AHEAD:
            await first()
    while ahead:
        await first()
    return counts


async def _one(row: Row, mapping: ImportMapping, sender: Sender) -> Ended:
    found = Rejected("", row.trouble) if row.trouble else map_row(mapping, row.cells)
    if isinstance(found, Rejected):
        return Ended(row.line, found.row_id, "rejected", reason=found.reason)
    report_id = report_id_of(mapping.source, found.row_id)
    sent: Sent = await sender.send(_body(report_id, found))
    return Ended(
        row.line, found.row_id, sent.outcome, "" if sent.outcome == "rejected" else report_id, sent.reason
    )


def report_id_of(source: str, row_id: str) -> str:
    """The report that a row of a list becomes, the same each time it is imported (UUIDv5)."""
    return str(uuid.uuid5(uuid.uuid5(_LISTS, source), row_id))


def _body(report_id: str, mapped: Mapped) -> dict[str, Any]:
    draft = mapped.draft
    return {
        "report_id": report_id,
        "category": draft.category,
        "place_id": draft.place_id,
        "description": draft.description,
        "language": draft.language,
        "channel": draft.channel,
        "heard_at": draft.heard_at and draft.heard_at.isoformat(),
    }
