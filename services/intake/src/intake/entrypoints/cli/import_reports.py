"""`python -m intake import FILE`: import a list of reports (CSV) through the public API."""

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from chassis.tracing import tracer_of
from intake.app.import_reports import ListImport, check_import, import_rows
from intake.app.imports.csv_rows import ImportFailed, Survey, read_rows, survey
from intake.app.imports.mapping_file import read_mapping
from intake.app.imports.results import ResultWriter, RowResult
from intake.app.imports.row_ids import row_ids
from intake.app.imports.sender import Sender, Unreachable, clients

ADDRESSES = Path(".state/run/addresses.json")
SECRET = Path(".state/run/secrets/intake.secret")
MAPPING = Path("deploy/seed/intake/import-municipium.yaml")
RESULTS = Path(".state/import")
CHECK_PATIENCE = 10.0
PATIENCE = 60.0
_EPILOG = """exit status:
  0  the whole list was read; the result names each rejected row with its reason
  1  every row was rejected
  2  the list cannot be imported: nothing was sent, or the result cannot be written

A row is always the same report: a row that was imported before is `known`. In the result, text that a spreadsheet would
evaluate as a formula is preceded by an apostrophe.
"""


def run(arguments: Sequence[str], default_secret: Path | None = None, collector: str = "") -> int:
    """Import a list and return the exit status (0, 1 or 2, see `--help`).

    `default_secret` is the file with intake's secret that the environment names, `collector` the OTLP endpoint of traces.
    """
    options = _parser().parse_args(arguments)
    try:
        mapping = read_mapping(options.mapping)
        found = survey(options.file, mapping)
        url = _url(options.url or _local_url())
        secret = options.secret or _local_secret(url) or default_secret
        tracer = tracer_of("import", mapping.source, collector)
        job = ListImport(mapping, row_ids(secret, mapping.source), options.former_ids, tracer)
        result = options.result or RESULTS / f"{options.file.stem}-result.csv"
        if result.exists() and any(map(result.samefile, (options.file, options.mapping))):
            raise ImportFailed(f"the result would overwrite {result}: name another file with --result")
        counts = asyncio.run(_import(options.file, found, job, url, result))
    except ImportFailed as error:
        sys.stderr.write(f"import: {error}\n")
        return 2
    return _print_summary(found, counts, result)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m intake import",
        description="Import a list of reports (CSV).",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, help="the list")
    parser.add_argument(
        "--mapping", type=Path, default=MAPPING, help=f"mapping of its columns (default: {MAPPING})"
    )
    parser.add_argument("--url", help=f"address of intake (default: from {ADDRESSES})")
    parser.add_argument(
        "--secret",
        type=Path,
        help=f"file with intake's secret, from which ids are derived (default: INTAKE_SECRET, or {SECRET} after `make up`)",
    )
    parser.add_argument(
        "--result", type=Path, help=f"file for the result of each row (default: in {RESULTS})"
    )
    parser.add_argument(
        "--former-ids",
        action="store_true",
        help="the list was imported before ids were keyed: those reports keep their ids (docs/upgrading.md)",
    )
    return parser


def _local_url() -> str:
    """The address of intake in the local stack; raises ImportFailed when the stack has not recorded it."""
    try:
        return str(json.loads(ADDRESSES.read_text())["intake"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ImportFailed(
            f"the address of intake is unknown (not in {ADDRESSES}): start intake with `make up`, "
            "or give its address with --url http://127.0.0.1:PORT"
        ) from error


def _local_secret(url: httpx.URL) -> Path | None:
    """The secret file of the local stack, when the address is that of its intake."""
    with suppress(ImportFailed):
        return SECRET if url == httpx.URL(_local_url()) else None
    return None


def _url(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise ImportFailed(f"{text} is not an address: give one like --url http://127.0.0.1:8001")
    return url


async def _import(file: Path, found: Survey, job: ListImport, url: httpx.URL, result: Path) -> Counter[str]:
    async with AsyncExitStack() as stack:
        if job.tracer is not None:
            stack.push_async_callback(job.tracer.close)
        opened = [await stack.enter_async_context(client) for client in clients(url)]
        try:
            await check_import(job, found, Sender(opened, CHECK_PATIENCE))
        except Unreachable as error:
            raise ImportFailed(f"no answer from {url}: start intake (`make up`) or correct --url") from error
        try:
            return await _import_rows(file, found, job, Sender(opened, PATIENCE), result)
        except OSError as error:
            raise ImportFailed(
                f"{result} cannot be written ({error.strerror}): name another file with --result"
            ) from error


async def _import_rows(
    file: Path, found: Survey, job: ListImport, sender: Sender, result: Path
) -> Counter[str]:
    result.parent.mkdir(parents=True, exist_ok=True)
    with result.open("w", encoding="utf-8", newline="") as target, _progress_bar() as bar:
        writer, task = ResultWriter(target), bar.add_task("import", total=found.lines)

        def write(row: RowResult) -> None:
            writer.write(row)
            bar.update(task, completed=row.line)

        counts = await import_rows(read_rows(file, job.mapping), job, sender, write)
        bar.update(task, completed=found.lines)
        return counts


def _progress_bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))


def _print_summary(found: Survey, counts: Counter[str], result: Path) -> int:
    """Print the counts and return the exit status."""
    rejected, rows = counts["rejected"], counts.total()
    sys.stdout.write(f"import: the result of each row is in {result}\n")
    sys.stdout.write(
        f"import: {found.lines} lines: {found.header} of the header, {found.rows} of rows, {found.blank} blank\n"
    )
    if rejected:
        which = "every row" if rejected == rows else f"{rejected} of {rows} rows"
        sys.stdout.write(f"import: rejected: {which}; see the reasons in the result\n")
    sys.stdout.write(
        f"import: {rows} rows, {counts['accepted']} accepted, {rejected} rejected, {counts['known']} known\n"
    )
    return 1 if rejected and rejected == rows else 0
