"""`make fuzz`: damaged records for the decoder, generated requests for all APIs, damaged lists for the import; nothing may fail."""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any

from tests.fuzz.envelopes import ReadResults, decode_damaged
from tests.fuzz.files import read_damaged
from tests.fuzz.requests import RequestResults, ask
from tests.pieces import Pieces, fingerprint

from stack.tools import REPOSITORY

SHOWN = 20
PIECE = 10_000  # requests per recorded file, with their share of envelopes and lists
SHOW_EVERY = 1_000
CODE = ("chassis/src", "contracts", "services", "deploy/seed", "tests/fuzz", "tests/http")
PACKAGES = ("schemathesis", "hypothesis", "fastapi", "starlette", "pydantic", "httpx")


@dataclass
class Found:
    """The results of one or several shares."""

    envelopes: int = 0
    seconds: float = 0.0
    reading: ReadResults = field(default_factory=ReadResults)
    answers: RequestResults = field(default_factory=RequestResults)
    files: int = 0
    listing: ReadResults = field(default_factory=ReadResults)

    def add(self, other: "Found") -> None:
        """Add another share."""
        self.envelopes += other.envelopes
        self.seconds += other.seconds
        self.reading.results += other.reading.results
        self.reading.uncaught += other.reading.uncaught
        self.files += other.files
        self.listing.results += other.listing.results
        self.listing.uncaught += other.listing.uncaught
        self.answers.asked += other.answers.asked
        self.answers.errors += other.answers.errors
        self.answers.strange += other.answers.strange
        for endpoint, statuses in other.answers.operations.items():
            self.answers.operations.setdefault(endpoint, Counter()).update(statuses)

    @property
    def broken(self) -> list[str]:
        """Every failure, as text."""
        return [line[:2000] for line in self.reading.uncaught + self.answers.errors + self.listing.uncaught]


def share(envelopes: int, requests: int, files: int, seed: int) -> Found:
    """Run one share in this process; the same seed gives the same inputs."""
    began, reported = time.monotonic(), 0
    reading = decode_damaged(envelopes, seed)
    print_progress(
        f"seed {seed}: {envelopes:,} envelopes in {time.monotonic() - began:.0f} s, {dict(reading.results)}"
    )
    listing = read_damaged(files, seed)
    print_progress(
        f"seed {seed}: {files:,} files after {time.monotonic() - began:.0f} s, {dict(listing.results)}"
    )

    def report_progress(number: int) -> None:
        nonlocal reported
        if number - reported >= SHOW_EVERY:
            reported = number
            print_progress(
                f"seed {seed}: {number:,} of {requests:,} requests, {time.monotonic() - began:.0f} s"
            )

    answers = ask(requests, seed, report_progress) if requests else RequestResults()
    return Found(envelopes, time.monotonic() - began, reading, answers, files, listing)


def shares(jobs: int, wanted: Sequence[tuple[int, int, int, int]]) -> Iterator[Found]:
    """Run shares (envelopes, requests, files, seed) on several processors; results come in order."""
    with ProcessPoolExecutor(jobs, get_context("fork")) as pool:
        yield from pool.map(share, *zip(*wanted, strict=True))


def run(args: argparse.Namespace) -> int:
    """Run one share per processor; return 1 when something failed."""
    jobs, found = args.jobs, Found()
    wanted = [
        (
            *(_part(whole, jobs, n) for whole in (args.envelopes, args.requests, args.files)),
            args.seed + 1_000_000 * n,
        )
        for n in range(jobs)
    ]
    for one in shares(jobs, wanted):
        found.add(one)
    for line in found.broken[:SHOWN]:
        print_progress(line)
    print_progress(f"never answered with 2xx: {', '.join(found.answers.never_2xx()) or 'no endpoint'}")
    print_summary(found)
    return 1 if found.broken else 0


def _part(whole: int, parts: int, number: int) -> int:
    return whole * (number + 1) // parts - whole * number // parts


def recorded() -> Pieces:
    """The recorded pieces of the present code."""
    return Pieces(REPOSITORY / "bench" / "results" / "fuzz", fingerprint(*CODE), PACKAGES)


def record(args: argparse.Namespace) -> int:
    """Run and record each piece that is not recorded yet."""
    pieces = recorded()
    missing = list(pieces.missing(1, args.requests, PIECE))
    wanted = [
        (
            args.envelopes * part // args.requests,
            part,
            args.files * part // args.requests,
            args.seed + first,
        )
        for first, part in missing
    ]
    for (first, part), found in zip(missing, shares(args.jobs, wanted) if wanted else (), strict=True):
        path = pieces.keep(first, part, found.seconds, to_row(found, args.seed + first))
        print_progress(f"recorded {path.relative_to(REPOSITORY)}")
    return summary()


def to_row(found: Found, seed: int) -> dict[str, Any]:
    """A share as JSON."""
    endpoints = found.answers.operations
    return {
        "seed": seed,
        "envelopes": found.envelopes,
        "endings": dict(found.reading.results),
        "uncaught": found.reading.uncaught[:SHOWN],
        "requests": found.answers.asked,
        "statuses": dict(sorted(found.answers.statuses.items())),
        "doors": {endpoint: dict(sorted(seen.items())) for endpoint, seen in sorted(endpoints.items())},
        "strange": dict(sorted(found.answers.strange.items())),
        "server_errors": found.answers.errors[:SHOWN],
        "files": found.files,
        "file_endings": dict(found.listing.results),
        "file_errors": found.listing.uncaught[:SHOWN],
    }


def from_row(row: Mapping[str, Any]) -> Found:
    """The share in a recorded row."""
    endpoints = {
        endpoint: Counter({int(s): n for s, n in seen.items()}) for endpoint, seen in row["doors"].items()
    }
    strange = Counter({int(status): number for status, number in row.get("strange", {}).items()})
    reading = ReadResults(Counter(row["endings"]), row["uncaught"])
    answers = RequestResults(row["requests"], endpoints, row["server_errors"], strange)
    listing = ReadResults(Counter(row["file_endings"]), row["file_errors"])
    return Found(row["envelopes"], row["seconds"], reading, answers, row["files"], listing)


def summary() -> int:
    """Print the sum of the recorded pieces of this code; return 1 on a failure or when an endpoint never answered 2xx."""
    whole, rows = Found(), recorded().all()
    for row in rows:
        whole.add(from_row(row))
    for endpoint, seen in sorted(whole.answers.operations.items()):
        print_progress(f"{seen.total():>7,}  {endpoint}  {dict(sorted(seen.items()))}")
    print_progress(f"{len(rows)} pieces; {recorded().others()} pieces of other code are not counted")
    print_progress(
        f"statuses: {dict(sorted(whole.answers.statuses.items()))}; {dict(whole.reading.results)}; files {dict(whole.listing.results)}"
    )
    print_progress(f"undocumented requests: {dict(sorted(whole.answers.strange.items()))}")
    print_progress(f"never answered with 2xx: {', '.join(whole.answers.never_2xx()) or 'no endpoint'}")
    print_summary(whole)
    return 1 if whole.broken or whole.answers.never_2xx() or not rows else 0


def print_summary(found: Found) -> None:
    """Print the summary line."""
    sys.stdout.write(
        f"fuzz: {found.envelopes} envelopes, {len(found.reading.uncaught)} uncaught; {found.answers.asked} requests "
        f"at {len(found.answers.operations)} doors, {len(found.answers.errors)} server errors; "
        f"{found.files} files, {len(found.listing.uncaught)} uncaught\n"
    )


def print_progress(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main() -> int:
    """Return the exit status: 1 when something failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--envelopes", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--files", type=int, default=50_000, help="lists to import, with mappings")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same inputs")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--record", action="store_true", help=f"write a file for every {PIECE:,} requests")
    parser.add_argument("--summary", action="store_true", help="print the sum of the recorded pieces")
    args = parser.parse_args()
    if args.summary:
        return summary()
    return (record if args.record else run)(args)


if __name__ == "__main__":
    sys.exit(main())
