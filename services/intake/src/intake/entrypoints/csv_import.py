"""`python -m intake import FILE`: brings a list of reports in through the same door as everybody's."""

import argparse
import asyncio
import difflib
import json
import ssl
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from intake.domain.imports import ImportMapping, Mapped, Rejected, map_row
from intake.entrypoints.csv_ids import RowIds, row_ids
from intake.entrypoints.csv_mapping import read_mapping
from intake.entrypoints.csv_result import Ended, Results
from intake.entrypoints.csv_rows import Row, Survey, Unusable, printable, read_rows, survey
from intake.entrypoints.csv_sender import IN_FLIGHT, Away, Sender, not_sent

ADDRESSES = Path(".state/run/addresses.json")
SECRET = Path(".state/run/secrets/intake.secret")
MAPPING = Path("deploy/seed/intake/import-municipium.yaml")
RESULTS = Path(".state/import")
PATIENCE = 60.0
AHEAD = IN_FLIGHT * 4
POOLS = 8
_ENDS = """exit status:
  0  the list was read to its end; rows that were rejected are named in the result with their reason
  1  every row was rejected
  2  the list cannot be imported: nothing was sent, or the result cannot be written

A row is the same report each time: what was imported before is `known`. In the result, text that a spreadsheet would
take for a formula has an apostrophe before it.
"""


@dataclass(frozen=True)
class Sending:
    """How rows are sent; with `former`, a report that has its former id keeps it."""

    mapping: ImportMapping
    ids: RowIds
    former: bool = False


def run(arguments: Sequence[str], told: Path | None = None) -> int:
    """Import a list, with intake's secret in the file that the environment told of; 0 when it was read to its end, 1 when every row was rejected, 2 when it cannot be imported."""
    asked = _parser().parse_args(arguments)
    try:
        mapping = read_mapping(asked.mapping)
        found = survey(asked.file, mapping)
        door = _door(asked.url or _local())
        secret = asked.secret or _secret(door) or told
        sending = Sending(mapping, row_ids(secret, mapping.source), asked.former_ids)
        result = asked.result or RESULTS / f"{asked.file.stem}-result.csv"
        if result.exists() and any(map(result.samefile, (asked.file, asked.mapping))):
            raise Unusable(f"{result} would be overwritten by the result: name another file with --result")
        counts = asyncio.run(_import(asked.file, found, sending, door, result))
    except Unusable as unusable:
        sys.stderr.write(f"import: {unusable}\n")
        return 2
    return _told(found, counts, result)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m intake import",
        description="Import a list of reports (CSV).",
        epilog=_ENDS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, help="the list")
    parser.add_argument("--mapping", type=Path, default=MAPPING, help=f"what its columns mean ({MAPPING})")
    parser.add_argument("--url", help=f"where intake answers (as {ADDRESSES} says)")
    parser.add_argument(
        "--secret",
        type=Path,
        help=f"file with intake's secret, which the ids are made with (INTAKE_SECRET, or {SECRET} with `make up`)",
    )
    parser.add_argument("--result", type=Path, help=f"file for what became of each row (in {RESULTS})")
    parser.add_argument(
        "--former-ids",
        action="store_true",
        help="the list was imported before ids were keyed: those reports keep their ids (docs/upgrading.md)",
    )
    return parser


def _local() -> str:
    """Where the local stack runs intake; raises Unusable when nobody wrote it down."""
    try:
        return str(json.loads(ADDRESSES.read_text())["intake"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unusable(
            f"where intake answers is not known ({ADDRESSES} does not say): start it with `make up`, "
            "or give its address with --url http://127.0.0.1:PORT"
        ) from error


def _secret(door: httpx.URL) -> Path | None:
    """The file with the secret of the local stack, when its intake is behind this door."""
    with suppress(Unusable):
        return SECRET if door == httpx.URL(_local()) else None
    return None


def _door(url: str) -> httpx.URL:
    try:
        door = httpx.URL(url)
    except httpx.InvalidURL:
        door = httpx.URL()
    if door.scheme not in ("http", "https") or not door.host:
        raise Unusable(f"{url} is no address: give one like --url http://127.0.0.1:8001")
    return door


async def _import(file: Path, found: Survey, sending: Sending, door: httpx.URL, result: Path) -> Counter[str]:
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(client) for client in _clients(door)]
        await _meet(Sender(clients, 10), door, found, sending)
        try:
            result.parent.mkdir(parents=True, exist_ok=True)
            with result.open("w", encoding="utf-8", newline="") as target, _bar() as bar:
                results = Results(target)
                task = bar.add_task("import", total=found.lines)

                def keep(ended: Ended) -> None:
                    results.keep(ended)
                    bar.update(task, completed=ended.line)

                rows = read_rows(file, sending.mapping)
                counts = await import_rows(rows, sending, Sender(clients, PATIENCE), keep)
                bar.update(task, completed=found.lines)
                return counts
        except OSError as error:
            raise Unusable(
                f"{result} cannot be written ({error.strerror}): name another with --result"
            ) from error


async def import_rows(
    rows: Iterable[Row], sending: Sending, sender: Sender, keep: Callable[[Ended], None]
) -> Counter[str]:
    """Send every row that can be sent and tell `keep` how each ended, in the list's order; returns how many.

    Blank rows are left out. Of rows with one id the first that can be sent is sent.
    """
    counts: Counter[str] = Counter()
    ahead: deque[asyncio.Task[Ended]] = deque()
    lines: dict[str, int] = {}

    async def first() -> None:
        ended = await ahead.popleft()
        counts[ended.outcome] += 1
        keep(ended)

    for row in rows:
        if row.blank:
            continue
        ahead.append(
            asyncio.create_task(_one(row.line, _mapped(row, sending.mapping, lines), sending, sender))
        )
        if len(ahead) >= AHEAD:
            await first()
    while ahead:
        await first()
    return counts


def _mapped(row: Row, mapping: ImportMapping, lines: dict[str, int]) -> Mapped | Rejected:
    if row.trouble:
        return Rejected("", row.trouble)
    found = map_row(mapping, row.cells)
    if isinstance(found, Rejected):
        return found
    line = lines.setdefault(found.row_id, row.line)
    if line == row.line:
        return found
    return Rejected(found.row_id, f"line {line} has the same id: give each row an id of its own")


async def _one(line: int, found: Mapped | Rejected, sending: Sending, sender: Sender) -> Ended:
    if isinstance(found, Rejected):
        return Ended(line, found.row_id, "rejected", reason=found.reason)
    report_id, former = sending.ids.of(found.row_id), sending.ids.former(found.row_id)
    try:
        if sending.former and await sender.has(former):
            report_id = former
    except Away as away:
        return Ended(line, found.row_id, "rejected", reason=not_sent(away))
    sent = await sender.send(_body(report_id, found))
    return Ended(
        line, found.row_id, sent.outcome, "" if sent.outcome == "rejected" else report_id, sent.reason
    )


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


def _clients(door: httpx.URL) -> list[httpx.AsyncClient]:
    """Several small pools: httpx walks through a whole pool at each request."""
    trusted, each = ssl.create_default_context(), IN_FLIGHT // POOLS
    limits = httpx.Limits(max_connections=each, max_keepalive_connections=each)
    return [
        httpx.AsyncClient(base_url=door, limits=limits, timeout=15, trust_env=False, verify=trusted)
        for _ in range(POOLS)
    ]


async def _meet(sender: Sender, door: httpx.URL, found: Survey, sending: Sending) -> None:
    """Hold the mapping and some rows against what intake has; raises Unusable before anything is sent."""
    try:
        categories = await sender.codes("categories", "code")
        places = await sender.codes("places", "id")
        if categories is None or places is None:
            raise Unusable(f"what answers at {door} is not intake: correct --url")
        _check_codes("category", sending.mapping.category_codes(), categories)
        _check_codes("place", sending.mapping.place_ids(), places)
        if not sending.former and await _imported_before(sender, found, sending):
            raise Unusable(
                "reports of this list have the ids of a former version: they would be there twice. "
                "Say --former-ids, and they keep their ids (docs/upgrading.md)"
            )
    except Away as away:
        raise Unusable(f"nobody answers at {door}: start intake (`make up`) or correct --url") from away


def _check_codes(kind: str, named: Mapping[tuple[str, ...], str], there: Iterable[str]) -> None:
    known = sorted(there)
    for where, code in named.items():
        if code not in known:
            near = difflib.get_close_matches(code, known, 1)
            fix = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)[:300]}"
            raise Unusable(
                f"the mapping says {printable(': '.join((*where, code)))}, but intake has no such {kind}: {fix}"
            )


async def _imported_before(sender: Sender, found: Survey, sending: Sending) -> bool:
    """Tells whether some of the list's rows are there under their former ids."""
    mapped = (map_row(sending.mapping, row.cells) for row in found.some)
    ids = [sending.ids.former(row.row_id) for row in mapped if isinstance(row, Mapped)]
    return any(await asyncio.gather(*map(sender.has, ids)))


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))


def _told(found: Survey, counts: Counter[str], result: Path) -> int:
    """Say how it went; returns the exit status."""
    rejected, rows = counts["rejected"], counts.total()
    sys.stdout.write(f"import: what became of each row is in {result}\n")
    sys.stdout.write(
        f"import: {found.lines} lines: {found.header} of the header, {found.rows} of rows, {found.blank} blank\n"
    )
    if rejected:
        which = "every row" if rejected == rows else f"{rejected} of {rows} rows"
        sys.stdout.write(f"import: rejected: {which}; the result says why\n")
    sys.stdout.write(
        f"import: {rows} rows, {counts['accepted']} accepted, {rejected} rejected, {counts['known']} known\n"
    )
    return 1 if rejected and rejected == rows else 0
