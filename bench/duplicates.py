"""`make bench-duplicates`: the search for the same problem among many reports, on a real MongoDB."""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from bench.engines import mongod_in
from bench.places import invented
from chassis.service import Plan, ServiceContext
from chassis.store.mongo import MongoStore
from chassis.store.port import Store
from chassis.testing import MemoryService, MemoryTokens
from intake.adapters.seed_files import read_registers
from intake.app.duplicates import Duplicates
from intake.app.registers import Registers, load_registers
from intake.app.word_index import WordIndex
from intake.domain.place_tree import PlaceTree
from intake.domain.places import Place, PlaceKind
from intake.domain.reports import Report, Status
from intake.entrypoints.indexes import INDEXES
from intake.handlers.documents import COLLECTIONS, PRIVATE, REPORTS, PrivatePart
from intake.handlers.reactions import REACTIONS

ROOT = Path(__file__).parents[1]
SEED = ROOT / "deploy" / "seed" / "intake"
LABELLED = ROOT / "tests" / "intake" / "data" / "duplicates.yaml"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
PUBLIC = ("ascensore", "luce-scale", "citofono", "infiltrazioni", "pulizia")
TOGETHER = 2_000
# A degree of latitude and one of longitude at 45.7 degrees north, in metres.
NORTH, EAST = 111_195, 77_660
SIDE, APART = 60, 80
CROWDED, WARM = 2_000, 20


def placed(count: int, rng: random.Random) -> list[Place]:
    """Invented places whose buildings stand 80 metres apart: each has its eight neighbours nearby."""
    found, number = [], 0
    for place in invented(count, rng):
        if place.kind is not PlaceKind.BUILDING:
            found.append(place)
            continue
        row, column = divmod(number, SIDE)
        found.append(replace(place, lat=45.5 + row * APART / NORTH, lon=9.4 + column * APART / EAST))
        number += 1
    return found


def voices() -> list[str]:
    """The texts of the labelled set."""
    buildings = yaml.safe_load(LABELLED.read_text("utf-8"))["buildings"]
    return [row[3] for one in buildings for incident in one["incidents"] for row in incident]


async def fill(store: Store, places: Sequence[Place], texts: Sequence[str], count: int, crowded: int) -> None:
    """Store open reports of half a year at random places, and as many more as `crowded` at one of them."""
    words, rng = WordIndex(b"s" * 32), random.Random(2)
    hashed = [words.of(text) for text in texts]
    where = [rng.choice(places).id for _ in range(count)] + [places[0].id] * crowded
    for start in range(0, len(where), TOGETHER):
        rows: dict[str, list[dict[str, object]]] = {REPORTS.name: [], PRIVATE.name: []}
        for number, place in enumerate(where[start : start + TOGETHER], start):
            id_, at = f"r{number}", NOON - timedelta(minutes=rng.randrange(180 * 1440))
            report = Report(
                id_, id_, "", "", rng.choice(PUBLIC), "n", place, "web", "it", at, at, at, Status.REGISTERED
            )
            private = PrivatePart(id_, b"k" * 60, {"text": bytes(400)}, words=rng.choice(hashed))
            for collection, state in ((REPORTS, REPORTS.dump(report)), (PRIVATE, PRIVATE.dump(private))):
                row = {"_id": id_, "version": 1, "schema": collection.schema, "state": state}
                rows[collection.name].append(row)
        for name, documents in rows.items():
            await store.insert_missing(name, documents)


@dataclass(frozen=True)
class Times:
    """The milliseconds of the searches, in order: as a clock on the wall has them, and of this process's processor time."""

    wall: list[float]
    processor: list[float]


async def searches(search: Duplicates, places: Sequence[str], texts: Sequence[str]) -> Times:
    """A search at each of these places, after some that are not counted."""
    rng, wall, processor = random.Random(3), [], []
    for number, place in enumerate([*places[:WARM], *places]):
        began, used = time.perf_counter(), time.process_time()
        await search.public(place, rng.choice(PUBLIC), rng.choice(texts))
        if number >= min(WARM, len(places)):
            wall.append((time.perf_counter() - began) * 1000)
            processor.append((time.process_time() - used) * 1000)
    return Times(sorted(wall), sorted(processor))


def _shown(ordered: Sequence[float]) -> str:
    return f"p50 {ordered[len(ordered) // 2]:.1f} ms, p95 {ordered[len(ordered) * 95 // 100]:.1f} ms"


async def measure(store: Store, reports: int, count: int) -> None:
    """Fill the database, search, and print the figures."""
    rng, texts = random.Random(1), voices()
    categories, few = read_registers(SEED)
    tree = PlaceTree("many", (*few.places, *placed(20_000, rng)))
    reportable = [one for one in tree.places if one.id[0] in "bs" and one.id[1:].isdigit()]
    plan = Plan(
        "intake",
        REACTIONS,
        COLLECTIONS,
        lambda _: (),
        seed=lambda context: load_registers(context, categories, tree),
    )
    await store.ensure([one.name for one in COLLECTIONS], INDEXES)
    await fill(store, reportable, texts, reports, CROWDED)
    async with MemoryService(plan, NOON, {}) as service:
        context = ServiceContext(store, service.commands, service.clock, MemoryTokens.by_role())
        search = Duplicates(context, Registers(service.context), WordIndex(b"s" * 32))
        asked = [rng.choice(reportable).id for _ in range(count)]
        for name, places in (
            ("anywhere", asked),
            (f"{CROWDED:,} at one place", [reportable[0].id] * (count // 4)),
        ):
            times = await searches(search, places, texts)
            sys.stdout.write(
                f"{name:20}{len(places)} searches in {reports + CROWDED:,} open reports: {_shown(times.wall)}; "
                f"of processor time {_shown(times.processor)}\n"
            )


async def _measure_and_close(uri: str, reports: int, count: int) -> None:
    store = MongoStore(uri, "bench-duplicates")
    try:
        await measure(store, reports, count)
    finally:
        await store.close()


def main(words: Sequence[str]) -> int:
    """Start a MongoDB, measure, and stop it."""
    parser = argparse.ArgumentParser(prog="bench.duplicates", description=__doc__)
    parser.add_argument("--reports", type=int, default=50_000)
    parser.add_argument("--searches", type=int, default=400)
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as folder, mongod_in(Path(folder)) as system:
        asyncio.run(_measure_and_close(system.mongod.admin, options.reports, options.searches))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
