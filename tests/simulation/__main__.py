"""`make simulate`: many simulated worlds, the negative controls, and a summary line."""

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
from tests.simulation.parallel import Totals, many_worlds, prepare_process, processes, seeds_until_red
from tests.simulation.world import Verdict, simulate

from stack.tools import REPOSITORY

PIECE = 5_000
PACKAGES = ("pydantic", "pydantic-core", "aiokafka", "prometheus-client")


def print_line(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def show(verdict: Verdict, whole: bool = False) -> None:
    """Print the violations of one world and how to reproduce it."""
    for line in verdict.wrong if whole else verdict.wrong[:5]:
        print_line(f"  seed {verdict.seed}: {line}")
    if whole:
        print_line("\n".join(["history:", *verdict.history]))
        print_line(
            f"rates: {dict(verdict.rates)}; {verdict.steps} steps, {verdict.seconds:.1f} s of virtual time"
        )
    elif verdict.wrong:
        print_line(f"  again: make simulate SEED={verdict.seed}")


def worlds(pool: Executor, first: int, seeds: int) -> Totals:
    """Run worlds and print the progress."""
    whole, began, printed = Totals(), time.perf_counter(), time.perf_counter()
    for totals in many_worlds(pool, first, seeds):
        whole.add(totals)
        for verdict in totals.wrong:
            show(verdict)
        if time.perf_counter() - printed > 5 or whole.seeds == seeds:
            printed = time.perf_counter()
            rate = whole.seeds / (printed - began)
            print_line(f"{whole.seeds}/{seeds} seeds, {rate:.0f}/s, {len(whole.wrong)} violations")
    return whole


def controls(pool: Executor, first: int) -> dict[str, int | None]:
    """Run the controls; return the number of seeds until each turned red, None for never."""
    after = dict(zip(CONTROLS, pool.map(seeds_until_red, CONTROLS, [first] * len(CONTROLS)), strict=True))
    for name, seeds in after.items():
        verdict = "green!" if seeds is None else f"red after {seeds} seeds"
        print_line(f"control {name} ({CONTROLS[name][0]}): {verdict}")
    return after


def last_line(seeds: int, wrong: int, reds: Mapping[str, Any]) -> str:
    """The summary line."""
    caught = sum(after is not None for after in reds.values())
    return f"simulation: {seeds} seeds, {wrong} violations, {caught} of {len(CONTROLS)} controls red"


def run(jobs: int, first: int, seeds: int) -> int:
    """Run the controls and the worlds; return the exit status."""
    with processes(jobs) as pool:
        reds = controls(pool, first)
        whole = worlds(pool, first, seeds)
    print_line(last_line(seeds, len(whole.wrong), reds))
    return 1 if whole.wrong or None in reds.values() else 0


def recorded() -> Pieces:
    """The recorded pieces of the present code."""
    code = fingerprint("chassis/src", "contracts/src", "tests/simulation")
    return Pieces(REPOSITORY / "bench" / "results" / "simulation", code, PACKAGES)


def record(jobs: int, first: int, seeds: int) -> int:
    """Run and record each piece that is not recorded yet; an interrupted recording can be continued."""
    pieces = recorded()
    for begin, count in pieces.missing(first, seeds, PIECE):
        began = time.perf_counter()
        with processes(jobs) as pool:
            reds = controls(pool, begin)
            whole = worlds(pool, begin, count)
        path = pieces.keep(begin, count, time.perf_counter() - began, _found(jobs, whole, reds))
        print_line(f"recorded {path.relative_to(REPOSITORY)}")
    return summary()


def _found(jobs: int, whole: Totals, reds: Mapping[str, int | None]) -> dict[str, Any]:
    return {
        "jobs": jobs,
        "violations": len(whole.wrong),
        "wrong": {verdict.seed: verdict.wrong[:5] for verdict in whole.wrong},
        "red_after": dict(reds),
        "steps": whole.steps,
        "cpu_seconds": round(whole.cpu_seconds, 1),
        "virtual_seconds": round(whole.virtual_seconds),
        "happened": dict(sorted(whole.happened.items())),
        "runtime_says": dict(sorted(whole.metrics.items())),
    }


def summary() -> int:
    """Print the sum of the recorded pieces of this code; return 1 on a violation or without pieces."""
    rows = recorded().all()
    for name in ("happened", "runtime_says"):
        for kind, times in sorted(added(rows, name).items()):
            print_line(f"{times:>12,}  {kind}")
    for name in CONTROLS if rows else ():
        after = [row["red_after"][name] for row in rows]
        seen = [times for times in after if times is not None]
        median = statistics.median(seen) if seen else 0
        print_line(
            f"control {name}: red in {len(seen)} of {len(after)} pieces, after {median:g} seeds (median)"
        )
    return _sum(rows)


def _sum(rows: Sequence[Mapping[str, Any]]) -> int:
    seeds, wrong = sum(row["count"] for row in rows), sum(row["violations"] for row in rows)
    cpu, steps = sum(row["cpu_seconds"] for row in rows), sum(row["steps"] for row in rows)
    reds = {name: all(row["red_after"][name] for row in rows) or None for name in CONTROLS}
    if recorded().others():
        print_line(f"{recorded().others()} pieces of other code are not counted")
    print_line(f"{len(rows)} pieces, {cpu:,.0f} s of processor time, {steps:,} steps")
    print_line(last_line(seeds, wrong, reds if rows else dict.fromkeys(CONTROLS)))
    return 1 if wrong or not rows or None in reds.values() else 0


def again(seed: int, control: str) -> int:
    """Run one world and print its whole history."""
    prepare_process()
    verdict = simulate(seed, control)
    show(verdict, whole=True)
    return 1 if verdict.wrong else 0


def main() -> int:
    """Return the exit status: 0 when no world has a violation and every control is red."""
    reader = argparse.ArgumentParser(prog="simulate")
    reader.add_argument("--seeds", type=int, default=2_000)
    reader.add_argument("--first", type=int, default=1)
    reader.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    reader.add_argument("--seed", type=int, help="run this seed and print its history")
    reader.add_argument("--control", choices=sorted(CONTROLS), default="")
    reader.add_argument("--record", action="store_true", help="write a file for every 5,000 seeds")
    reader.add_argument("--summary", action="store_true", help="print the sum of the recorded pieces")
    args = reader.parse_args()
    if args.summary:
        return summary()
    if args.seed is not None:
        return again(args.seed, args.control)
    return (record if args.record else run)(args.jobs, args.first, args.seeds)


if __name__ == "__main__":
    sys.exit(main())
