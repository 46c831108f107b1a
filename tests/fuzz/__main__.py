"""`make fuzz`: a million damaged records at the decoder, a hundred thousand requests at the doors, fifty thousand lists to import; nothing may break."""

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

from tests.fuzz.envelopes import Reading, throw
from tests.fuzz.files import bring
from tests.fuzz.requests import Asking, ask
from tests.pieces import Pieces, fingerprint

from stack.tools import REPOSITORY

SHOWN = 20
PIECE = 10_000  # requests that are recorded together, with their share of envelopes and files
SHOW_EVERY = 1_000
CODE = ("chassis/src", "contracts", "services", "deploy/seed", "tests/fuzz", "tests/http")
PACKAGES = ("schemathesis", "hypothesis", "fastapi", "starlette", "pydantic", "httpx")


@dataclass
class Found:
    """What one or several shares came to."""

    envelopes: int = 0
    seconds: float = 0.0
    reading: Reading = field(default_factory=Reading)
    http_client: Asking = field(default_factory=Asking)
    files: int = 0
    listing: Reading = field(default_factory=Reading)

    def add(self, other: "Found") -> None:
        """This share too."""
        self.envelopes += other.envelopes
        self.seconds += other.seconds
        self.reading.results += other.reading.results
        self.reading.uncaught += other.reading.uncaught
        self.files += other.files
        self.listing.results += other.listing.results
        self.listing.uncaught += other.listing.uncaught
        self.http_client.asked += other.http_client.asked
        self.http_client.errors += other.http_client.errors
        self.http_client.strange += other.http_client.strange
        for door, statuses in other.http_client.operations.items():
            self.http_client.operations.setdefault(door, Counter()).update(statuses)

    @property
    def broken(self) -> list[str]:
        """Everything that should not have happened."""
        return [
            line[:2000] for line in self.reading.uncaught + self.http_client.errors + self.listing.uncaught
        ]


def share(envelopes: int, requests: int, files: int, seed: int) -> Found:
    """Throw, bring and ask so often, in this process; the same seed does the same again."""
    began, told = time.monotonic(), 0
    reading = throw(envelopes, seed)
    _say(f"seed {seed}: {envelopes:,} envelopes in {time.monotonic() - began:.0f} s, {dict(reading.results)}")
    listing = bring(files, seed)
    _say(f"seed {seed}: {files:,} files after {time.monotonic() - began:.0f} s, {dict(listing.results)}")

    def tell(number: int) -> None:
        nonlocal told
        if number - told >= SHOW_EVERY:
            told = number
            _say(f"seed {seed}: {number:,} of {requests:,} requests, {time.monotonic() - began:.0f} s")

    http_client = ask(requests, seed, tell) if requests else Asking()
    return Found(envelopes, time.monotonic() - began, reading, http_client, files, listing)


def shares(jobs: int, wanted: Sequence[tuple[int, int, int, int]]) -> Iterator[Found]:
    """Run shares (envelopes, requests, files, seed) on several processors; they come back in order."""
    with ProcessPoolExecutor(jobs, get_context("fork")) as pool:
        yield from pool.map(share, *zip(*wanted, strict=True))


def run(asked: argparse.Namespace) -> int:
    """A share for each processor; 1 when something broke."""
    jobs, found = asked.jobs, Found()
    wanted = [
        (
            *(_part(whole, jobs, n) for whole in (asked.envelopes, asked.requests, asked.files)),
            asked.seed + 1_000_000 * n,
        )
        for n in range(jobs)
    ]
    for one in shares(jobs, wanted):
        found.add(one)
    for line in found.broken[:SHOWN]:
        _say(line)
    _say(f"never answered with 2xx: {', '.join(found.http_client.never_well()) or 'no door'}")
    say(found)
    return 1 if found.broken else 0


def _part(whole: int, parts: int, number: int) -> int:
    return whole * (number + 1) // parts - whole * number // parts


def recorded() -> Pieces:
    """The pieces that have been recorded of the code as it is."""
    return Pieces(REPOSITORY / "bench" / "results" / "fuzz", fingerprint(*CODE), PACKAGES)


def record(asked: argparse.Namespace) -> int:
    """Run and write down each piece that has not been recorded."""
    pieces = recorded()
    todo = list(pieces.todo(1, asked.requests, PIECE))
    wanted = [
        (
            asked.envelopes * part // asked.requests,
            part,
            asked.files * part // asked.requests,
            asked.seed + first,
        )
        for first, part in todo
    ]
    for (first, part), found in zip(todo, shares(asked.jobs, wanted) if wanted else (), strict=True):
        path = pieces.keep(first, part, found.seconds, row_of(found, asked.seed + first))
        _say(f"recorded {path.relative_to(REPOSITORY)}")
    return summary()


def row_of(found: Found, seed: int) -> dict[str, Any]:
    """A share as JSON can carry it."""
    doors = found.http_client.operations
    return {
        "seed": seed,
        "envelopes": found.envelopes,
        "endings": dict(found.reading.results),
        "uncaught": found.reading.uncaught[:SHOWN],
        "requests": found.http_client.asked,
        "statuses": dict(sorted(found.http_client.statuses.items())),
        "doors": {door: dict(sorted(seen.items())) for door, seen in sorted(doors.items())},
        "strange": dict(sorted(found.http_client.strange.items())),
        "server_errors": found.http_client.errors[:SHOWN],
        "files": found.files,
        "file_endings": dict(found.listing.results),
        "file_errors": found.listing.uncaught[:SHOWN],
    }


def found_in(row: Mapping[str, Any]) -> Found:
    """The share that was written down."""
    doors = {door: Counter({int(s): n for s, n in seen.items()}) for door, seen in row["doors"].items()}
    strange = Counter({int(status): number for status, number in row.get("strange", {}).items()})
    reading = Reading(Counter(row["endings"]), row["uncaught"])
    http_client = Asking(row["requests"], doors, row["server_errors"], strange)
    listing = Reading(Counter(row["file_endings"]), row["file_errors"])
    return Found(row["envelopes"], row["seconds"], reading, http_client, row["files"], listing)


def summary() -> int:
    """Say what the recorded pieces of this code come to; 1 when something broke or some door never said 2xx."""
    whole, rows = Found(), recorded().all()
    for row in rows:
        whole.add(found_in(row))
    for door, seen in sorted(whole.http_client.operations.items()):
        _say(f"{seen.total():>7,}  {door}  {dict(sorted(seen.items()))}")
    _say(f"{len(rows)} pieces; {recorded().others()} of other code are not counted")
    _say(
        f"statuses: {dict(sorted(whole.http_client.statuses.items()))}; {dict(whole.reading.results)}; files {dict(whole.listing.results)}"
    )
    _say(f"requests that no document describes: {dict(sorted(whole.http_client.strange.items()))}")
    _say(f"never answered with 2xx: {', '.join(whole.http_client.never_well()) or 'no door'}")
    say(whole)
    return 1 if whole.broken or whole.http_client.never_well() or not rows else 0


def say(found: Found) -> None:
    """How it went, in one line."""
    sys.stdout.write(
        f"fuzz: {found.envelopes} envelopes, {len(found.reading.uncaught)} uncaught; {found.http_client.asked} requests "
        f"at {len(found.http_client.operations)} doors, {len(found.http_client.errors)} server errors; "
        f"{found.files} files, {len(found.listing.uncaught)} uncaught\n"
    )


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main() -> int:
    """Returns the exit status: 1 when something broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--envelopes", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--files", type=int, default=50_000, help="lists to import, with their mappings")
    parser.add_argument("--seed", type=int, default=1, help="the same seed throws and asks the same")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--record", action="store_true", help=f"leave a file for every {PIECE:,} requests")
    parser.add_argument("--summary", action="store_true", help="add up what has been recorded")
    asked = parser.parse_args()
    if asked.summary:
        return summary()
    return (record if asked.record else run)(asked)


if __name__ == "__main__":
    sys.exit(main())
