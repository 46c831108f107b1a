"""`make bench-places`: the search over many places, and what a registration costs with few and with many of them."""

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from chassis.service import Plan
from chassis.testing import MemoryService
from intake.adapters.mail_addresses import is_address
from intake.adapters.seed_files import read_registers
from intake.app.registers import load_registers
from intake.app.use_cases import use_cases
from intake.domain.drafts import Draft
from intake.domain.place_tree import PlaceTree
from intake.domain.places import Place, PlaceKind
from intake.handlers.documents import COLLECTIONS
from intake.handlers.reactions import REACTIONS

SEED = Path(__file__).parents[1] / "deploy" / "seed" / "intake"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SYLLABLES = ["ba", "ce", "di", "fo", "gu", "la", "me", "ni", "ro", "tu", "sa", "ve", "zo", "lo", "ma", "ri"]


def invented(count: int, rng: random.Random) -> list[Place]:
    """That many places below three provinces: neighbourhoods of 200 places, buildings of 8 with stairs and lifts."""

    def word() -> str:
        return "".join(rng.choice(SYLLABLES) for _ in range(rng.randrange(2, 5))).capitalize()

    provinces = [
        Place(f"x{n}", name, "", "", f"x{n}", name, PlaceKind.PROVINCE) for n, name in enumerate("ABC")
    ]
    found, area, building = list(provinces), provinces[0], provinces[0]
    for n in range(count):
        above = provinces[n // 200 % 3]
        if n % 200 == 0:
            label = word()
            area = Place(
                f"q{n}", label, f"q{n}", label, above.id, above.label, PlaceKind.NEIGHBOURHOOD, above.id
            )
            found.append(area)
        elif n % 8 == 1 or building.neighbourhood != area.id:
            street = f"{rng.choice(('via', 'viale', 'piazza', 'vicolo'))} {word()} {word()}"
            label = f"{street}, edificio {rng.choice('ABCDEFG')}"
            building = replace(area, id=f"b{n}", label=label, kind=PlaceKind.BUILDING, parent=area.id)
            found.append(replace(building, address=f"{street} {rng.randrange(1, 200)}"))
        else:
            label = f"{building.label}, scala {n % 8}"
            found.append(replace(building, id=f"s{n}", label=label, kind=PlaceKind.STAIR, parent=building.id))
    return found


def typed(places: Sequence[Place], rng: random.Random) -> list[str]:
    """What somebody types, one letter after the other, now and then with a wrong one."""
    text = rng.choice(places).label.replace(",", "")
    if rng.random() < 0.3 and len(text) > 8:
        at = rng.randrange(4, len(text))
        text = text[:at] + rng.choice("abcdefg") + text[at + 1 :]
    return [text[:n] for n in range(3, len(text) + 1)]


def search_times(tree: PlaceTree, rng: random.Random, people: int) -> list[float]:
    """The milliseconds of each search of these people, in order."""
    times = []
    for _ in range(people):
        for text in typed(tree.places, rng):
            began = time.perf_counter()
            tree.search(text)
            times.append((time.perf_counter() - began) * 1000)
    return sorted(times)


async def registration_ms(places: PlaceTree, reports: int) -> float:
    """The processor time of a registration in memory, in milliseconds, with these places loaded."""
    categories, _ = read_registers(SEED)
    plan = Plan(
        "intake",
        REACTIONS,
        COLLECTIONS,
        lambda _: (),
        seed=lambda context: load_registers(context, categories, places),
    )
    async with MemoryService(plan, NOON, {}) as service:
        cases = use_cases(service.context, b"s" * 32, is_address)
        judged = await cases.submissions.judge(Draft("pulizia", "bg-monterosso-01", "Scale sporche"))
        began = time.process_time()
        for _ in range(reports):
            await cases.submissions.accept(judged, cases.submissions.new_id())
        return (time.process_time() - began) * 1000 / reports


def main(words: Sequence[str]) -> int:
    """Print the figures of the search and of registrations."""
    parser = argparse.ArgumentParser(prog="bench.places", description=__doc__)
    parser.add_argument("--places", type=int, default=20_000)
    parser.add_argument("--reports", type=int, default=300)
    options = parser.parse_args(words)
    rng = random.Random(1)
    _, few = read_registers(SEED)
    many = PlaceTree("many", (*few.places, *invented(options.places, rng)))
    began = time.perf_counter()
    many.build_index()
    built = time.perf_counter() - began
    times = search_times(many, rng, 100)
    p50, p95 = times[len(times) // 2], times[len(times) * 95 // 100]
    sys.stdout.write(
        f"search    {len(times)} searches in {len(many.places)} places: p50 {p50:.1f} ms, p95 {p95:.1f} ms, "
        f"most {times[-1]:.1f} ms; index built in {built:.1f} s\n"
    )
    costs = [asyncio.run(registration_ms(tree, options.reports)) for tree in (few, many, few, many)]
    with_few, with_many = min(costs[::2]), min(costs[1::2])
    sys.stdout.write(
        f"register  {with_few:.2f} ms of processor time with {len(few.places)} places, {with_many:.2f} ms with "
        f"{len(many.places)}: ratio {with_many / with_few:.2f}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
