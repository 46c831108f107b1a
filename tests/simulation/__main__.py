"""The verb `simulate`: many worlds, the controls, and one line that says how it went."""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from typing import Any

from tests.pieces import Pieces, added, fingerprint
from tests.simulation.controls import CONTROLS
from tests.simulation.crowd import Tally, many_worlds, processes, red, settle
from tests.simulation.world import Verdict, simulate

from stack.tools import REPOSITORY

PIECE = 5_000
PACKAGES = ("pydantic", "pydantic-core", "aiokafka", "prometheus-client")


def say(text: str) -> None:
    """Print a line now."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def show(verdict: Verdict, whole: bool = False) -> None:
    """Print what is wrong with one world, and how to see it again."""
    for line in verdict.wrong if whole else verdict.wrong[:5]:
        say(f"  seed {verdict.seed}: {line}")
    if whole:
        say("\n".join(["what happened to it:", *verdict.story]))
        say(f"rates: {dict(verdict.rates)}; {verdict.steps} steps, {verdict.seconds:.1f} s of its own time")
    elif verdict.wrong:
        say(f"  again: make simulate SEED={verdict.seed}")


def worlds(pool: Executor, first: int, seeds: int) -> Tally:
    """Run worlds and say how it goes."""
    whole, began, said = Tally(), time.perf_counter(), time.perf_counter()
    for tally in many_worlds(pool, first, seeds):
        whole.add(tally)
        for verdict in tally.wrong:
            show(verdict)
        if time.perf_counter() - said > 5 or whole.seeds == seeds:
            said = time.perf_counter()
            rate = whole.seeds / (said - began)
            say(f"{whole.seeds}/{seeds} seeds, {rate:.0f}/s, {len(whole.wrong)} violations")
    return whole


def controls(pool: Executor, first: int) -> dict[str, int | None]:
    """Run the controls; returns after how many seeds each turned red."""
    after = dict(zip(CONTROLS, pool.map(red, CONTROLS, [first] * len(CONTROLS)), strict=True))
    for name, seeds in after.items():
        verdict = "green!" if seeds is None else f"red after {seeds} seeds"
        say(f"control {name} ({CONTROLS[name][0]}): {verdict}")
    return after


def last_line(seeds: int, wrong: int, reds: Mapping[str, Any]) -> str:
    """How it went, in one line."""
    caught = sum(after is not None for after in reds.values())
    return f"simulation: {seeds} seeds, {wrong} violations, {caught} of {len(CONTROLS)} controls red"


def run(jobs: int, first: int, seeds: int) -> int:
    """The controls and so many worlds; returns the exit status."""
    with processes(jobs) as pool:
        reds = controls(pool, first)
        whole = worlds(pool, first, seeds)
    say(last_line(seeds, len(whole.wrong), reds))
    return 1 if whole.wrong or None in reds.values() else 0


def recorded() -> Pieces:
    """The pieces that have been recorded of the code as it is."""
    code = fingerprint("chassis/src", "contracts/src", "tests/simulation")
    return Pieces(REPOSITORY / "bench" / "results" / "simulation", code, PACKAGES)


def record(jobs: int, first: int, seeds: int) -> int:
    """Run and write down each piece that has not been recorded; what is recorded stays, so it can be gone on with."""
    pieces = recorded()
    for begin, count in pieces.todo(first, seeds, PIECE):
        began = time.perf_counter()
        with processes(jobs) as pool:
            reds = controls(pool, begin)
            whole = worlds(pool, begin, count)
        path = pieces.keep(begin, count, time.perf_counter() - began, _found(jobs, whole, reds))
        say(f"recorded {path.relative_to(REPOSITORY)}")
    return summary()


def _found(jobs: int, whole: Tally, reds: Mapping[str, int | None]) -> dict[str, Any]:
    return {
        "jobs": jobs,
        "violations": len(whole.wrong),
        "wrong": {verdict.seed: verdict.wrong[:5] for verdict in whole.wrong},
        "red_after": dict(reds),
        "steps": whole.steps,
        "cpu_seconds": round(whole.cpu_seconds, 1),
        "virtual_seconds": round(whole.virtual_seconds),
        "happened": dict(sorted(whole.happened.items())),
        "runtime_says": dict(sorted(whole.said.items())),
    }


def summary() -> int:
    """Say what the recorded pieces of this code come to; 1 when something in them is wrong or nothing is there."""
    rows = recorded().all()
    for name in ("happened", "runtime_says"):
        for kind, times in sorted(added(rows, name).items()):
            say(f"{times:>12,}  {kind}")
    for name in CONTROLS if rows else ():
        after = [row["red_after"][name] for row in rows]
        seen = [times for times in after if times is not None]
        median = statistics.median(seen) if seen else 0
        say(f"control {name}: red in {len(seen)} of {len(after)} pieces, after {median:g} seeds (median)")
    return _sum(rows)


def _sum(rows: Sequence[Mapping[str, Any]]) -> int:
    seeds, wrong = sum(row["count"] for row in rows), sum(row["violations"] for row in rows)
    cpu, steps = sum(row["cpu_seconds"] for row in rows), sum(row["steps"] for row in rows)
    reds = {name: all(row["red_after"][name] for row in rows) or None for name in CONTROLS}
    if recorded().others():
        say(f"{recorded().others()} pieces of other code are not counted")
    say(f"{len(rows)} pieces, {cpu:,.0f} s of processor time, {steps:,} steps")
    say(last_line(seeds, wrong, reds if rows else dict.fromkeys(CONTROLS)))
    return 1 if wrong or not rows or None in reds.values() else 0


def again(seed: int, control: str) -> int:
    """One world, told whole."""
    settle()
    verdict = simulate(seed, control)
    show(verdict, whole=True)
    return 1 if verdict.wrong else 0


def main() -> int:
    """Returns the exit status: 0 when no world is wrong and every control is red."""
    reader = argparse.ArgumentParser(prog="simulate")
    reader.add_argument("--seeds", type=int, default=2_000)
    reader.add_argument("--first", type=int, default=1)
    reader.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    reader.add_argument("--seed", type=int, help="this one again, told whole")
    reader.add_argument("--control", choices=sorted(CONTROLS), default="")
    reader.add_argument("--record", action="store_true", help="leave a file for every 5,000 seeds")
    reader.add_argument("--summary", action="store_true", help="add up what has been recorded")
    asked = reader.parse_args()
    if asked.summary:
        return summary()
    if asked.seed is not None:
        return again(asked.seed, asked.control)
    return (record if asked.record else run)(asked.jobs, asked.first, asked.seeds)


if __name__ == "__main__":
    sys.exit(main())
